import { html } from '../lib/preact.js';

/** What every control of a field shares: `control` is what components/field.js hands to a field type. */
export const attributesOf = ({ id, field, isInvalid, describedBy, onBlur }) => ({
    id,
    class: 'input',
    placeholder: field.placeholder ?? undefined,
    readOnly: Boolean(field.readonly),
    'aria-invalid': isInvalid ? 'true' : undefined,
    'aria-describedby': describedBy,
    'aria-required': field.required ? 'true' : undefined,
    onBlur,
});

/** A one-line text; `attributes` say what the browser should know about it. */
export const textControl = (attributes) => (control) => html`
    <input type="text" ...${attributesOf(control)} ...${attributes} value=${control.value ?? ''}
        onInput=${(event) => control.onChange(event.currentTarget.value)} />`;
