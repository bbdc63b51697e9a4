import { path } from '../lib/api.js';
import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { useList } from '../lib/resource.js';
import { Copy } from './copy.js';
import { Icon } from './icon.js';
import { Loading } from './page.js';
import { ProblemNotice } from './problem.js';
import { Shape } from './state.js';
import { asText } from './steps.js';
import { Time } from './time.js';

// What became of a call, as the ledger knows it.
const fates = {
    intent: { shape: 'pending', tone: 'muted', word: 'Intended' },
    sent: { shape: 'running', tone: 'run', word: 'Sent' },
    done: { shape: 'completed', tone: 'ok', word: 'Done' },
    failed: { shape: 'failed', tone: 'fail', word: 'Refused' },
    unknown: { shape: 'waiting', tone: 'warn', word: 'Unknown, look it up' },
};

/** Every call to the outside with its key and its fate. `updatedAt` of the request says when to read again. */
export function Effects({ requestId, updatedAt }) {
    const effects = useList(path`/requests/${requestId}/effects`);
    const readAt = useRef(updatedAt);
    useEffect(() => {
        if (readAt.current !== updatedAt) effects.reload();
        readAt.current = updatedAt;
    }, [updatedAt]);
    if (effects.problem) return html`<div class="panel-body"><${ProblemNotice} problem=${effects.problem} retry=${effects.reload} /></div>`;
    if (!effects.data) return html`<${Loading} />`;
    if (!effects.data.length) return html`<p class="panel-body muted">Nothing outside has been called yet.</p>`;
    return html`
        <ol class="steps">${effects.data.map((effect) => html`<${Effect} key=${effect.key} effect=${effect} />`)}</ol>
        ${effects.more && html`<div class="table-foot"><button type="button" class="button" onClick=${effects.more}>Show more</button>
            </div>`}`;
}

function Effect({ effect }) {
    const [isOpen, setOpen] = useState(false);
    const fate = fates[effect.state] ?? fates.intent;
    return html`
        <li>
            <button type="button" class="step effect" aria-expanded=${isOpen ? 'true' : 'false'} onClick=${() => setOpen(!isOpen)}>
                <span class=${`tone-${fate.tone}`}><${Shape} shape=${fate.shape} /></span>
                <span class="name">${effect.summary}</span>
                <span class=${`small tone-${fate.tone}`}>${fate.word}${effect.tries > 1 ? `, ${effect.tries} tries` : ''}</span>
                <span class="small muted"><${Time} at=${effect.updatedAt} /></span>
                <span class="chevron"><${Icon} name="chevron" /></span>
            </button>
            ${isOpen && html`
                <div class="step-detail">
                    ${effect.note && html`<p>${effect.note}</p>`}
                    <dl class="facts small">
                        <dt>Key</dt><dd><${Copy} text=${effect.key} what="key" /></dd>
                        ${effect.remoteReference && html`<dt>Their id</dt><dd>
                            <${Copy} text=${effect.remoteReference} what="outside id" /></dd>`}
                    </dl>
                    <pre class="raw" tabindex="0">${asText(effect.rendered)}</pre>
                </div>`}
        </li>`;
}
