import { isEqual } from '../lib/conditions.js';
import { html } from '../lib/preact.js';
import { attributesOf, textControl } from './text.js';

const free = textControl({ autocomplete: 'off' });

/** Options keep their type: the control holds their place in the list, the form their value. */
export default function SelectField(control) {
    const { enum: options = [], allowCustom } = control.field.validation ?? {};
    if (!options.length) return free(control);
    if (allowCustom) {
        return html`${textControl({ autocomplete: 'off', list: `${control.id}-options` })(control)}
            <datalist id=${`${control.id}-options`}>${options.map((option) => html`<option key=${option} value=${option}></option>`)}
                </datalist>`;
    }
    const chosen = options.findIndex((option) => isEqual(option, control.value));
    return html`
        <select ...${attributesOf(control)} disabled=${Boolean(control.field.readonly)} value=${chosen < 0 ? '' : String(chosen)}
            onChange=${(event) => control.onChange(options[event.currentTarget.value])}>
            <option value="">Choose…</option>
            ${options.map((option, index) => html`<option key=${index} value=${String(index)}>${String(option)}</option>`)}
        </select>`;
}
