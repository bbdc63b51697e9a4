import { html, useState } from '../lib/preact.js';
import { attributesOf } from './text.js';

/** Base64 of a file, read by the browser itself (no copy of large files through script). */
const contentOf = (file) => new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
});

export default function FileField(control) {
    const { field, value, onChange, onBlur } = control;
    const [fault, setFault] = useState();
    const read = async (event) => {
        const [file] = event.currentTarget.files;
        if (!file) return;
        try {
            const content = file.size ? await contentOf(file) : '';
            onChange({ name: file.name, mediaType: file.type || 'application/octet-stream', content });
            setFault(undefined);
        } catch {
            setFault('The file could not be read.');
        }
        onBlur();
    };
    if (value?.name) {
        return html`
            <div class="input file-chosen" id=${control.id} tabindex="-1"><span>${value.name}</span>
                <button type="button" class="button" onClick=${() => onChange(undefined)}>Remove</button></div>`;
    }
    const { placeholder, readOnly, ...attributes } = attributesOf(control);
    return html`
        <input type="file" ...${attributes} disabled=${readOnly} accept=${[field.validation?.accept ?? []].flat().join(',') || undefined}
            onChange=${read} />
        ${fault && html`<p class="fault" role="alert">${fault}</p>`}`;
}
