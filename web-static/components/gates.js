import { get, path } from '../lib/api.js';
import { html, useEffect, useState } from '../lib/preact.js';
import { sentence } from '../lib/states.js';
import { State } from './state.js';
import { Time } from './time.js';

const settleDelay = 150;

/**
 * The gates of several requests at once, by id of the request, so that a page is drawn whole: undefined until they are there, `null` for
 * one that could not be read. `ids` undefined reads nothing; another `version` reads again.
 */
export function useGates(ids, version) {
    const [gates, setGates] = useState();
    useEffect(() => {
        if (!ids) return undefined;
        const control = new AbortController();
        const read = (id) => get(path`/requests/${id}/approvals`, control).then(({ data }) => [id, data], () => [id, null]);
        const timer = setTimeout(async () => {
            const found = await Promise.all(ids.map(read));
            if (!control.signal.aborted) setGates(new Map(found));
        }, gates ? settleDelay : 0);
        return () => {
            clearTimeout(timer);
            control.abort();
        };
    }, [ids?.join(), version]);
    return gates;
}

/** Who must agree to a request, level by level, and who has. */
export function Gates({ gates }) {
    if (gates === null) return html`<p class="small muted">Who decides could not be read.</p>`;
    return html`<ol class="gates">${lastRound(gates ?? []).map((gate) => html`<${Gate} key=${gate.id} gate=${gate} />`)}</ol>`;
}

/** Earlier rounds asked about values that have changed since. */
const lastRound = (gates) => gates.filter(({ round }) => round === Math.max(...gates.map((one) => one.round)));

function Gate({ gate: { name, role, team, required, status, dueAt, decisions } }) {
    const agreed = decisions.filter(({ decision }) => decision === 'approve').length;
    return html`
        <li>
            <p class="row wrap"><${State} family="approval" name=${status} /> <b>${name}</b></p>
            <p class="small muted">${sentence(role)}${team && ` of ${team}`}${required > 1 && `, ${agreed} of ${required} agreed`}
                ${status === 'pending' && dueAt && html`, due <${Time} at=${dueAt} />`}</p>
            ${decisions.map(({ userId, decision, reason, decidedAt }) => html`
                <p class="small" key=${userId + decidedAt}>${userId ?? 'Somebody who left'} ${decision === 'approve' ? 'agreed' : 'refused'}
                    ${' '}<span class="muted"><${Time} at=${decidedAt} /></span>${reason && html`<br />“${reason}”`}</p>`)}
        </li>`;
}
