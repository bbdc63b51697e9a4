import { path, post } from '../lib/api.js';
import { html, useState } from '../lib/preact.js';
import { ActionDialog, Dialog, TextField } from './dialog.js';

const example = `- catalogItemId: messaging-topic
  requestData: {topicName: orders.invoice.created}
- catalogItemId: messaging-topic
  requestData: {topicName: orders.invoice.paid}`;

/** Several requests as a YAML list (JSON is YAML too): `- {catalogItemId, requestData, team, startAfter}`. */
export function BatchDialog({ onClose, onSubmitted }) {
    const [text, setText] = useState('');
    const [isAtomic, setAtomic] = useState(true);
    const [results, setResults] = useState();
    if (results) return html`<${Results} results=${results} onClose=${onClose} />`;
    const body = () => `atomic: ${isAtomic}\nrequests:\n${text.replace(/^/gm, '  ')}\n`;
    const done = ({ data }) => {
        setResults(data);
        onSubmitted();
    };
    return html`
        <${ActionDialog} title="Submit several" verb="Submit" onClose=${onClose} onDone=${done}
            perform=${() => post('/requests/batch', body(), { headers: { 'Content-Type': 'application/yaml' } })}>
            <p>All are checked before the first is submitted.</p>
            <pre class="raw" tabindex="0">${example}</pre>
            <${TextField} id="batch" label="Requests as a YAML or JSON list" rows=${8} value=${text} onInput=${setText} />
            <label class="check"><input type="checkbox" checked=${isAtomic} onChange=${(event) => setAtomic(event.currentTarget.checked)} />
                All or none</label>
        <//>`;
}

const Results = ({ results, onClose }) => html`
    <${Dialog} title="Submitted" onClose=${onClose}>
        <ol class="stack tight">${results.map(({ id, catalogItemId, catalogBundleId, errors }, index) => html`
            <li key=${index}>${index + 1}. ${id ? html`<a class="id" href=${path`/requests/${id}`}>${id}</a> ${catalogItemId ?? catalogBundleId}`
                : html`<span class="tone-fail">not submitted: ${errors.map(({ field, message }) => `${field}: ${message}`).join(' ')}</span>`}</li>`)}</ol>
        <div class="dialog-foot"><button type="button" class="button primary" onClick=${onClose}>Done</button></div>
    <//>`;
