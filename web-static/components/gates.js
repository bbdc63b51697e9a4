import { path } from '../lib/api.js';
import { html, useEffect, useRef } from '../lib/preact.js';
import { useResource } from '../lib/resource.js';
import { sentence } from '../lib/states.js';
import { Loading } from './page.js';
import { ProblemNotice } from './problem.js';
import { State } from './state.js';
import { Time } from './time.js';

/** Who must agree to a request, level by level, and who has. `version` says when to read again. */
export function Gates({ requestId, version }) {
    const gates = useResource(path`/requests/${requestId}/approvals`, { keep: true });
    const readAt = useRef(version);
    useEffect(() => {
        if (readAt.current !== version) gates.reload();
        readAt.current = version;
    }, [version]);
    if (gates.problem && !gates.data) return html`<${ProblemNotice} problem=${gates.problem} retry=${gates.reload} />`;
    if (!gates.data) return html`<${Loading} what="Reading who decides" />`;
    return html`<ol class="gates">${lastRound(gates.data.data).map((gate) => html`<${Gate} key=${gate.id} gate=${gate} />`)}</ol>`;
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
