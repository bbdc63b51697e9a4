import { Copy } from '../components/copy.js';
import { ActionDialog } from '../components/dialog.js';
import { Effects } from '../components/effects.js';
import { AbortDialog, Failure } from '../components/failure-card.js';
import { Gates, useGates } from '../components/gates.js';
import { Icon } from '../components/icon.js';
import { Logs } from '../components/logs.js';
import { Page, SubjectPage } from '../components/page.js';
import { State } from '../components/state.js';
import { History, Steps } from '../components/steps.js';
import { Tabs } from '../components/tabs.js';
import { Span, Time } from '../components/time.js';
import { say } from '../components/toast.js';
import { hasValues, Values } from '../components/values.js';
import { OverrideDialog, Waiting } from '../components/waiting.js';
import { path, post } from '../lib/api.js';
import { useEvents } from '../lib/events.js';
import { catalogIdOf, useItemNames } from '../lib/item-names.js';
import { html, useRef, useState } from '../lib/preact.js';
import { useResource } from '../lib/resource.js';
import { setQuery } from '../lib/router.js';
import { isHeld, isMoving, sentence, shownStatus } from '../lib/states.js';

const crumbs = [{ name: 'Requests', href: '/requests' }];
const abortable = ['in_progress', 'resuming', 'failed', 'escalated'];
const cancellable = ['pending_approval', 'queued'];

export default function RequestPage({ id, query }) {
    const request = useResource(path`/requests/${id}`);
    const { status, instanceId } = request.data ?? {};
    const wasSeenMoving = useRef(false);
    if (status && status !== 'completed') wasSeenMoving.current = true;
    const instance = useResource(status === 'completed' && instanceId ? path`/instances/${instanceId}` : undefined);
    const [version, setVersion] = useState(0);
    const gates = useGates(['pending_approval', 'rejected'].includes(status) ? [id] : undefined, version);
    useEvents(({ type, requestId, subject }) => {
        if (type !== 'resync' && requestId !== id && subject?.id !== id) return;
        request.reload();
        if (type === 'approval') setVersion((old) => old + 1);
    });

    const isResultComing = status === 'completed' && instanceId && !instance.data && !instance.problem;
    const isAsking = status === 'pending_approval' && !gates;
    if (!request.data || isAsking || (isResultComing && !wasSeenMoving.current)) {
        return html`<${SubjectPage} subject=${request} crumbs=${crumbs} title="Request" missing="No such request" />`;
    }
    return html`<${Request} request=${request.data} instance=${instance.data} gates=${gates?.get(id)} isResultFirst=${!wasSeenMoving.current} tab=${query.tab}
        onChanged=${request.reload} />`;
}

/** What one came for is on top; but where it comes while someone watches, nothing above it moves. */
function Request({ request, instance, gates, isResultFirst, tab, onChanged }) {
    const nameOf = useItemNames();
    const [floating, setFloating] = useState();
    const close = () => setFloating(undefined);
    const done = (words) => () => {
        close();
        say(words);
        onChanged();
    };
    return html`
        <${Page} title=${nameOf(catalogIdOf(request))} crumbs=${crumbs}
            headline=${html`<${Headline} request=${request} />`} actions=${html`<${Actions} request=${request} onChoose=${setFloating} />`}>
            <div class="stack">
                <${Failure} request=${request} onChanged=${onChanged} />
                ${request.waiting && html`<${Waiting} waiting=${request.waiting} onOverride=${() => setFloating('override')} />`}
                ${gates?.length > 0 && html`<${Agreement} request=${request} gates=${gates} />`}
                ${isResultFirst && html`<${Result} instance=${instance} />`}
                ${request.actions.length > 0 && html`<section class="panel" aria-label="Steps"><${Steps} request=${request} /></section>`}
                ${!isResultFirst && html`<${Result} instance=${instance} />`}
                <section class="panel" aria-label="Details">
                    <${Tabs} label="Details" chosen=${tab} onChoose=${(id) => setQuery({ tab: id })} tabs=${tabsOf(request)} />
                </section>
            </div>
            ${floating === 'abort' && html`<${AbortDialog} request=${request} onClose=${close}
                onDone=${done('Request is being stopped')} />`}
            ${floating === 'override' && html`<${OverrideDialog} request=${request} onClose=${close} onDone=${done('Request starts')} />`}
            ${floating === 'cancel' && html`
                <${ActionDialog} title="Cancel this request" verb="Cancel request" isDangerous
                    perform=${() => post(path`/requests/${request.id}/cancel`)} onClose=${close} onDone=${done('Request cancelled')}>
                    <p>Nothing has been done yet, so nothing is left behind.</p>
                <//>`}
        <//>`;
}

const tabsOf = (request) => [
    { id: 'logs', name: 'Logs', content: () => html`<${Logs} requestId=${request.id} isMoving=${isMoving(request.status)} />` },
    { id: 'effects', name: 'Effects', content: () => html`<${Effects} requestId=${request.id} updatedAt=${request.updatedAt} />` },
    { id: 'data', name: 'Data', content: () => html`<div class="panel-body"><${Data} request=${request} /></div>` },
    { id: 'history', name: 'History', content: () => html`<div class="panel-body stack"><${History} request=${request} /><${Told} id=${request.id} /></div>` },
];

const Agreement = ({ request, gates }) => html`
    <section class="panel" aria-labelledby="agreement-title">
        <div class="panel-head"><h2 id="agreement-title">Who agrees</h2>
            ${request.status === 'pending_approval' && html`<a href="/approvals">Open the approvals</a>`}</div>
        <div class="panel-body stack tight"><${Gates} gates=${gates} />
            ${request.status === 'rejected' && request.statusReason && html`<p>${sentence(request.statusReason)}</p>`}</div>
    </section>`;

/** While nothing but a person can go on, that is the state. */
const RequestState = ({ status, isStopping, isWaiting, isHeldBack }) => ((isWaiting || isHeldBack) && !isStopping
    ? html`<${State} family="step" name="waiting" word=${isHeldBack ? 'Waits to start' : undefined} />`
    : html`<${State} family="request" name=${status} word=${isStopping ? 'Stopping' : undefined} />`);

function Headline({ request }) {
    const { id, status, stopping, actions, createdAt, completedAt, userId } = request;
    const completed = actions.filter((action) => ['completed', 'skipped'].includes(action.status)).length;
    const startedAt = actions.map((action) => action.startedAt).filter(Boolean).sort()[0];
    const stoppedAt = isHeld(status) ? actions.map((action) => action.completedAt).filter(Boolean).sort().at(-1) : undefined;
    return html`
        <${RequestState} status=${status} isStopping=${stopping} isHeldBack=${Boolean(request.waiting)} isWaiting=${actions.some((action) => shownStatus(action) === 'waiting')} />
        ${actions.length > 0 && html`<span class="numbers">${completed} of ${actions.length}</span>`}
        ${startedAt && html`<${Span} from=${startedAt} to=${completedAt ?? stoppedAt} />`}
        <span class="muted">by ${userId}, <${Time} at=${createdAt} /></span>
        <${Copy} text=${id} what="request id" />`;
}

const Actions = ({ request, onChoose }) => html`
    ${request.instanceId && html`<a class="button" href=${path`/instances/${request.instanceId}`}><${Icon} name="instances" />Instance</a>`}
    <a class="button" href=${path`/catalog/items/${catalogIdOf(request)}` + `?clone=${encodeURIComponent(request.id)}`}>
        <${Icon} name="copy" />Request again</a>
    ${cancellable.includes(request.status) && html`<button type="button" class="button"
        onClick=${() => onChoose('cancel')}>Cancel…</button>`}
    ${abortable.includes(request.status) && !request.stopping && html`<button type="button" class="button"
        onClick=${() => onChoose('abort')}>Abort…</button>`}`;

function Result({ instance }) {
    if (!hasValues(instance?.outputs)) return null;
    return html`
        <section class="panel" aria-labelledby="result-title">
            <div class="panel-head"><h2 id="result-title">${instance.name}</h2>
                <a href=${path`/instances/${instance.id}`}>Open the instance</a></div>
            <div class="panel-body"><${Values} values=${instance.outputs} /></div>
        </section>`;
}

/** What the reader was told of this request, by the bell and by mail. */
function Told({ id }) {
    const told = useResource('/notifications?limit=200');
    const mine = told.data?.data.filter(({ link }) => link === path`/requests/${id}`) ?? [];
    if (!mine.length) return null;
    return html`
        <section aria-labelledby="told-title"><h2 id="told-title">You were told</h2>
            <ul>${mine.map(({ id: key, subject, createdAt }) => html`
                <li key=${key}>${subject} <span class="muted small"><${Time} at=${createdAt} /></span></li>`)}</ul></section>`;
}

const Data = ({ request }) => html`
    <div class="stack">
        <${Values} values=${request.requestData} />
        <dl class="facts small">
            <dt>Service</dt><dd><a href=${path`/catalog/items/${catalogIdOf(request)}`}>${catalogIdOf(request)}
                </a> ${request.catalogVersion}</dd>
            <dt>Kind</dt><dd>${request.requestType}</dd>
            <dt>Team</dt><dd>${request.team}</dd>
            <dt>Correlation id</dt><dd>
                ${request.correlationId && html`<${Copy} text=${request.correlationId} what="correlation id" />`}</dd>
        </dl>
    </div>`;
