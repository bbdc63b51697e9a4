import { isEmpty } from '../lib/conditions.js';
import { html } from '../lib/preact.js';
import { Copy } from './copy.js';

/** Sealed values come as `{"sealed": true}` or as a mask of bullets or stars. */
export const isSealed = (value) => value?.sealed === true || /^(?:\*{3,}|•{3,})$/.test(value);

const isLink = (value) => typeof value === 'string' && /^https?:\/\/\S+$/.test(value);

const isPlainList = (value) => Array.isArray(value) && value.every((one) => typeof one !== 'object');

function Value({ name, value }) {
    if (isEmpty(value)) return html`<span class="muted">none</span>`;
    if (isSealed(value)) return html`<span class="muted">Sealed, never shown</span>`;
    if (typeof value === 'boolean') return value ? 'Yes' : 'No';
    if (isPlainList(value)) return value.join(', ');
    if (typeof value === 'object') return html`<pre class="raw" tabindex="0">${JSON.stringify(value, null, 2)}</pre>`;
    if (isLink(value)) return html`<a href=${value} target="_blank" rel="noreferrer">${value}</a>`;
    return html`<${Copy} text=${String(value)} what=${name} />`;
}

/** Names and values of an object, each to copy. */
export const Values = ({ values }) => html`
    <dl class="outputs">${Object.entries(values ?? {}).map(([name, value]) => html`
        <dt key=${`${name}-name`}>${name}</dt><dd key=${name}><${Value} name=${name} value=${value} /></dd>`)}</dl>`;

export const hasValues = (values) => Boolean(values) && Object.keys(values).length > 0;
