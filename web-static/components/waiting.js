import { path, post } from '../lib/api.js';
import { html, useState } from '../lib/preact.js';
import { may } from '../lib/session.js';
import { sentence } from '../lib/states.js';
import { exact } from '../lib/time.js';
import { ActionDialog, TextField } from './dialog.js';
import { Shape } from './state.js';
import { Time } from './time.js';

const titles = { scheduled: 'Starts later', maintenance: 'Waits for its maintenance window', freeze: 'Waits for the end of a freeze' };
const needed = { freeze: 'admin.settings' };

/** Why a request that could start does not, until when, and the way around it. */
export function Waiting({ waiting: { kind, reason, until }, onOverride }) {
    const permission = needed[kind] ?? 'requests.operate';
    return html`
        <section class="notice wait" aria-label="Why it waits">
            <${Shape} shape="waiting" />
            <div class="stack tight">
                <h2>${titles[kind] ?? sentence(kind)}</h2>
                <p>${until ? html`Until ${exact(until)}, <${Time} at=${until} />.` : 'Until somebody ends it.'} ${sentence(reason)}.</p>
                <div>${may('requests.operate') && may(permission)
                    ? html`<button type="button" class="button" onClick=${onOverride}>Start it now…</button>`
                    : html`<span class="small muted">Whoever has ${permission} can start it now.</span>`}</div>
            </div>
        </section>`;
}

export function OverrideDialog({ request, ...rest }) {
    const [reason, setReason] = useState('');
    return html`
        <${ActionDialog} title="Start it now" verb="Start now" perform=${() => post(path`/requests/${request.id}/override`, { reason })} ...${rest}>
            <p>It starts whatever holds it back: ${request.waiting?.reason ?? 'nothing any more'}.</p>
            <${TextField} id="reason" label="Reason" rows=${2} value=${reason} onInput=${setReason} help="Kept in the audit trail." />
        <//>`;
}
