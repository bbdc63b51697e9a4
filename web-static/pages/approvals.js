import { ActionDialog, TextField } from '../components/dialog.js';
import { Gates, useGates } from '../components/gates.js';
import { Icon } from '../components/icon.js';
import { Empty, Loading, Page } from '../components/page.js';
import { ProblemNotice } from '../components/problem.js';
import { Time } from '../components/time.js';
import { say } from '../components/toast.js';
import { Values } from '../components/values.js';
import { path, post } from '../lib/api.js';
import { useEvents } from '../lib/events.js';
import { catalogIdOf, useItemNames } from '../lib/item-names.js';
import { moveAmongRows } from '../lib/keys.js';
import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { useAction, useList } from '../lib/resource.js';
import { may } from '../lib/session.js';
import { sentence } from '../lib/states.js';

export default function ApprovalsPage() {
    const inbox = useList(may('requests.approve') ? '/approvals?limit=20' : undefined);
    const own = useList('/requests?status=pending_approval&mine=true&limit=20');
    const [version, setVersion] = useState(0);
    const nameOf = useItemNames();
    const reload = () => {
        inbox.reload();
        own.reload();
        setVersion((old) => old + 1);
    };
    useEvents(({ type }) => ['approval', 'request.status', 'resync'].includes(type) && reload());
    const { shown, hold } = useHeld(inbox.data);
    const isListed = own.data && (shown || !may('requests.approve'));
    const ids = [...(shown ?? []).map(({ approval }) => approval.subject.id), ...(own.data ?? []).map(({ id }) => id)];
    const gates = useGates(isListed ? ids : undefined, version);
    const isRead = isListed && gates && nameOf.isKnown;
    return html`
        <${Page} title="Approvals" note="Requests that start when people agree to them, oldest first.">
            <${ProblemNotice} problem=${inbox.problem ?? own.problem} retry=${reload} />
            ${!isRead && !inbox.problem && !own.problem && html`<${Loading} />`}
            ${isRead && !shown?.length && html`<${NothingToDecide} />`}
            ${isRead && shown?.length > 0 && html`
                <section class="panel" aria-label="For you to decide" onKeyDown=${moveAmongRows}>
                    ${shown.map(({ approval, isGone }) => html`
                        <${Approval} key=${approval.id} approval=${approval} isGone=${isGone} nameOf=${nameOf}
                            gates=${gates.get(approval.subject.id)} hold=${hold} onDecided=${reload} />`)}
                    <${More} of=${inbox} />
                </section>`}
            ${isRead && own.data.length > 0 && html`
                <h2 class="section-title section-gap">You asked for these: others decide</h2>
                <section class="panel" aria-label="Waiting for others">
                    ${own.data.toReversed().map((request) => html`
                        <${Own} key=${request.id} request=${request} nameOf=${nameOf} gates=${gates.get(request.id)} />`)}
                    <${More} of=${own} />
                </section>`}
        <//>`;
}

const More = ({ of: { more } }) => more && html`
    <div class="table-foot"><button type="button" class="button" onClick=${more}>Show more</button></div>`;

/**
 * The rows of the inbox as `{approval, isGone}`. One that somebody is writing about stays when it is decided elsewhere:
 * nothing that was typed disappears under the hands. `hold(approval, isHeld)`.
 */
function useHeld(rows) {
    const held = useRef(new Map());
    const [, redraw] = useState();
    const hold = (approval, isHeld) => {
        if (isHeld === held.current.has(approval.id)) return;
        if (isHeld) held.current.set(approval.id, approval);
        else held.current.delete(approval.id);
        redraw({});
    };
    const open = new Set(rows?.map(({ id }) => id));
    const gone = [...held.current.values()].filter(({ id }) => !open.has(id)).map((approval) => ({ approval, isGone: true }));
    const shown = rows && [...gone, ...rows.map((approval) => ({ approval, isGone: false }))]
        .sort((a, b) => Date.parse(a.approval.createdAt) - Date.parse(b.approval.createdAt));
    return { shown, hold };
}

const NothingToDecide = () => html`
    <${Empty} title="Nothing waits for your decision">
        <p>${may('requests.approve')
            ? 'A request appears here when its service asks for the agreement of a role that you have.'
            : 'You need the permission requests.approve to decide.'}</p>
        <a class="button" href="/requests?status=pending_approval">See what waits</a>
    <//>`;

/** One decision to make: what is asked for, and who else must agree. */
function Approval({ approval, isGone, nameOf, gates, hold, onDecided }) {
    const { id, name, request, createdAt } = approval;
    const [reason, setReason] = useState('');
    const [isAsked, setAsked] = useState(false);
    const [isDelegating, setDelegating] = useState(false);
    const field = useRef();
    const write = (text) => {
        setReason(text);
        setAsked(false);
        hold(approval, text !== '');
    };
    const leave = () => {
        hold(approval, false);
        onDecided();
    };
    const { run, isBusy, problem } = useAction(async (decision) => {
        const answer = await post(path`/approvals/${id}/${decision}`, { reason: reason.trim() });
        say(answer.status === 'pending' ? 'Approved. Others must agree too' : sentence(answer.status));
        leave();
    });
    useEffect(() => { if (problem?.status === 409) onDecided(); }, [problem]);
    const reject = () => {
        if (reason.trim()) return run('reject');
        setAsked(true);
        return field.current.focus();
    };
    const isStale = isGone || problem?.status === 409;
    const fieldId = `reason-${id}`;
    return html`
        <article class="ticket" aria-labelledby=${`title-${id}`}>
            <div class="stack">
                <div class="stack tight">
                    <h2 id=${`title-${id}`}>${name}</h2>
                    <p class="small"><a href=${path`/requests/${request?.id ?? approval.subject.id}`} data-row>
                        ${request ? nameOf(request.catalogItemId) : approval.subject.id}</a>
                        ${request && html` <span class="muted">for ${request.userId} of ${request.team}, <${Time} at=${createdAt} /></span>`}
                    </p>
                </div>
                <${Values} values=${request?.requestData} />
            </div>
            <div class="stack">
                <${Gates} gates=${gates} />
                ${isStale ? html`
                    <div class="notice warn" role="alert"><${Icon} name="warning" /><div class="stack tight">
                        <p><b>No longer open.</b> Somebody decided meanwhile, or the request changed. Your answer was not counted.</p>
                        <div><button type="button" class="button" onClick=${leave}>Remove from the list</button></div></div></div>` : html`
                    <div class="field">
                        <label for=${fieldId}>Reason<span class="optional">needed to reject</span></label>
                        <textarea id=${fieldId} ref=${field} class="input short" rows="2" value=${reason}
                            aria-invalid=${isAsked ? 'true' : undefined} aria-describedby=${isAsked ? `${fieldId}-fault` : undefined}
                            onInput=${(event) => write(event.currentTarget.value)}></textarea>
                        ${isAsked && html`<p class="fault" id=${`${fieldId}-fault`} role="alert"><${Icon} name="warning" />
                            <span>Say why: whoever asked is told.</span></p>`}
                    </div>
                    <${ProblemNotice} problem=${problem} />
                    <div class="row wrap">
                        <button type="button" class="button primary" aria-disabled=${isBusy ? 'true' : 'false'}
                            onClick=${() => run('approve')}>Approve</button>
                        <button type="button" class="button" aria-disabled=${isBusy ? 'true' : 'false'} onClick=${reject}>Reject</button>
                        <button type="button" class="button plain" onClick=${() => setDelegating(true)}>Hand over…</button>
                    </div>`}
            </div>
            ${isDelegating && html`<${DelegateDialog} approval=${approval} onClose=${() => setDelegating(false)} onDone=${() => {
                say('Handed over');
                leave();
            }} />`}
        </article>`;
}

function DelegateDialog({ approval, ...rest }) {
    const [userId, setUserId] = useState('');
    const [reason, setReason] = useState('');
    return html`
        <${ActionDialog} title=${`Hand over “${approval.name}”`} verb="Hand over"
            perform=${() => post(path`/approvals/${approval.id}/delegate`, { userId: userId.trim(), reason })} ...${rest}>
            <p>Somebody else decides in your place. You cannot decide on it any more.</p>
            <${TextField} id="delegate" label="Login of who decides" value=${userId} onInput=${setUserId} />
            <${TextField} id="delegate-reason" label="Reason" rows=${2} required=${false} value=${reason} onInput=${setReason} />
        <//>`;
}

const Own = ({ request, nameOf, gates }) => html`
    <article class="ticket" aria-label=${`${nameOf(catalogIdOf(request))} ${request.id}`}>
        <div class="stack tight">
            <h3><a href=${path`/requests/${request.id}`}>${nameOf(catalogIdOf(request))}</a></h3>
            <p class="small muted"><span class="id">${request.id}</span>, asked <${Time} at=${request.createdAt} /></p>
        </div>
        <${Gates} gates=${gates} />
    </article>`;
