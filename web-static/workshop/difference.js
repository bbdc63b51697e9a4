import { path } from '../lib/api.js';
import { html } from '../lib/preact.js';
import { sentence } from '../lib/states.js';

const tones = { breaking: 'fail', error: 'fail', warning: 'warn', addition: 'ok' };

/** What the text would change of what is served, and whom that concerns. `difference`: undefined while it is not known. */
export function Difference({ difference, isValid }) {
    return html`
        <section class="panel" aria-labelledby="difference-title">
            <div class="panel-head"><h2 id="difference-title">What changes</h2></div>
            <div class="panel-body stack">
                ${!isValid && html`<p class="muted">Shown when the document has no errors.</p>`}
                ${isValid && difference?.changes.length === 0 && html`<p class="muted">Nothing: the catalog serves this text already.</p>`}
                ${isValid && difference?.changes.map((change) => html`<${Change} key=${change.id} change=${change} />`)}
            </div>
        </section>`;
}

const versions = ({ from, to }) => (from && to ? `${from} → ${to}` : from ? `${from}, withdrawn` : `${to}, new`);

const Change = ({ change: { kind, id, from, to, details, remarks, impact } }) => html`
    <article class="stack tight" aria-label=${id}>
        <h3>${from ? html`<a href=${path`/catalog/items/${id}`}>${id}</a>` : id} <span class="muted small">${kind}
            ${versions({ from, to })}</span></h3>
        <ul class="changes">
            ${details.map(({ weight, text }) => html`
                <li key=${text}><b class=${`small tone-${tones[weight] ?? 'muted'}`}>${sentence(weight)}</b> ${text}</li>`)}
            ${remarks.map(({ severity, text }) => html`
                <li key=${text}><b class=${`small tone-${tones[severity] ?? 'muted'}`}>${sentence(severity)}</b> ${text}</li>`)}
            ${impact.map((text) => html`<li key=${text}><b class="small">Concerns</b> ${text}</li>`)}
            ${from && impact.length === 0 && html`<li class="muted">No instance and no request under way is concerned.</li>`}
        </ul>
        ${from && impact.length > 0 && html`<p class="row wrap small">
            <a href=${`/instances?catalogItemId=${encodeURIComponent(id)}`}>Its instances</a>
            <a href=${`/requests?catalogItemId=${encodeURIComponent(id)}`}>Its requests</a></p>`}
    </article>`;
