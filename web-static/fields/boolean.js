import { html } from '../lib/preact.js';
import { attributesOf } from './text.js';

/** Draws its own label beside the box. An untouched box without a default means no. */
export default function BooleanField(control) {
    const { class: _, readOnly, placeholder, 'aria-required': __, ...attributes } = attributesOf(control);
    return html`
        <label class="check">
            <input type="checkbox" ...${attributes} disabled=${readOnly} checked=${control.value === true}
                onChange=${(event) => control.onChange(event.currentTarget.checked)} />
            ${control.field.name}
        </label>`;
}

BooleanField.drawsLabel = true;
