import { attributesOf, textControl } from './text.js';
import { html } from '../lib/preact.js';

const plain = textControl({ autocomplete: 'off', spellcheck: false });

/** A text; where the catalog gives options, they are suggested, or are the only ones. */
export default function StringField(control) {
    const { enum: options, allowCustom } = control.field.validation ?? {};
    if (!options?.length) return plain(control);
    if (allowCustom) {
        return html`${textControl({ autocomplete: 'off', list: `${control.id}-options` })(control)}
            <datalist id=${`${control.id}-options`}>${options.map((option) => html`<option key=${option} value=${option}></option>`)}
                </datalist>`;
    }
    return html`
        <select ...${attributesOf(control)} disabled=${Boolean(control.field.readonly)} value=${control.value ?? ''}
            onChange=${(event) => control.onChange(event.currentTarget.value)}>
            <option value="">Choose…</option>
            ${options.map((option) => html`<option key=${option} value=${option}>${option}</option>`)}
        </select>`;
}
