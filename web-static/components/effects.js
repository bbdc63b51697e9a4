import { path } from '../lib/api.js';
import { html, useEffect } from '../lib/preact.js';
import { useList } from '../lib/resource.js';
import { sentence } from '../lib/states.js';
import { Loading } from './page.js';
import { ProblemNotice } from './problem.js';
import { Time } from './time.js';

const tones = { confirmed: 'ok', sent: 'run', intended: 'muted', unknown: 'warn', failed: 'fail', refused: 'fail' };

/** Every call to the outside with its key and its fate. `updatedAt` of the request says when to read again. */
export function Effects({ requestId, updatedAt }) {
    const effects = useList(path`/requests/${requestId}/effects`);
    useEffect(() => effects.reload(), [updatedAt]);
    if (effects.problem) return html`<div class="panel-body"><${ProblemNotice} problem=${effects.problem} retry=${effects.reload} /></div>`;
    if (!effects.data) return html`<${Loading} />`;
    if (!effects.data.length) return html`<p class="panel-body muted">Nothing outside has been called yet.</p>`;
    return html`
        <table class="cards" aria-label="Effects">
            <thead><tr>${['Step', 'Call', 'Fate', 'Key', 'When'].map((title) => html`<th scope="col" key=${title}>${title}</th>`)}</tr></thead>
            <tbody>${effects.data.map((effect) => html`
                <tr key=${effect.id ?? effect.key}>
                    <td>${effect.actionId}</td>
                    <td><code>${[effect.method, effect.target ?? effect.url].filter(Boolean).join(' ')}</code></td>
                    <td class=${`tone-${tones[effect.fate ?? effect.status] ?? 'muted'}`}>${sentence(effect.fate ?? effect.status)}</td>
                    <td class="muted"><code>${effect.key}</code></td>
                    <td class="muted"><${Time} at=${effect.settledAt ?? effect.at ?? effect.createdAt} /></td>
                </tr>`)}</tbody>
        </table>
        ${effects.more && html`<div class="table-foot"><button type="button" class="button" onClick=${effects.more}>Show more</button></div>`}`;
}
