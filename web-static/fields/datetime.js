import { html } from '../lib/preact.js';
import { textControl } from './text.js';

const two = (number) => String(number).padStart(2, '0');

/** The instant as the reader's local "YYYY-MM-DDTHH:MM", which is what the browser's control speaks. */
export function localOf(text) {
    const date = new Date(text);
    if (!text || Number.isNaN(date.getTime())) return '';
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** RFC 3339 with the offset that the reader's zone has at that instant. */
export function instantOf(local) {
    if (!local) return undefined;
    const offset = -new Date(local).getTimezoneOffset();
    const size = Math.abs(offset);
    return `${local}${local.length === 16 ? ':00' : ''}${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

export default function DatetimeField(control) {
    const input = textControl({ type: 'datetime-local', class: 'input narrow' })({
        ...control, value: localOf(control.value), onChange: (local) => control.onChange(instantOf(local)),
    });
    return html`<div class="with-unit">${input}<span class="muted small">${Intl.DateTimeFormat().resolvedOptions().timeZone}</span></div>`;
}
