import { html } from '../lib/preact.js';
import { attributesOf } from './text.js';

export default (control) => html`
    <textarea ...${attributesOf(control)} rows=${control.field.validation?.rows ?? 4} value=${control.value ?? ''}
        onInput=${(event) => control.onChange(event.currentTarget.value)}></textarea>`;
