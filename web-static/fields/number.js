import { isEmpty } from '../lib/conditions.js';
import { html, useState } from '../lib/preact.js';
import { textControl } from './text.js';

const decimal = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

/** The number a text says; nothing for an empty text; the text itself where it says none, so that the rules can tell. */
export const numberOf = (text) => (text.trim() === '' ? undefined : decimal.test(text) ? Number(text) : text);

/** What was typed stays as typed ("1.", "1e") while the form holds what it means. */
export const numberControl = (inputmode, unit) => function NumberField(control) {
    const { value, field } = control;
    const [typed, setTyped] = useState(value === undefined ? '' : String(value));
    const isCurrent = numberOf(typed) === value;
    const change = (text) => {
        setTyped(text);
        control.onChange(numberOf(text));
    };
    const fallback = isEmpty(field.default) ? undefined : `${field.default} unless changed`;
    const placeholder = field.placeholder ?? fallback;
    const input = textControl({ inputmode, autocomplete: 'off', class: 'input narrow numbers' })({
        ...control, field: { ...field, placeholder }, value: isCurrent ? typed : value, onChange: change,
    });
    return unit ? html`<div class="with-unit">${input}<span>${unit}</span></div>` : input;
};

export default numberControl('decimal');
