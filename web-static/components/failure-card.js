import { path, post } from '../lib/api.js';
import { html, useRef, useState } from '../lib/preact.js';
import { may } from '../lib/session.js';
import { isHeld } from '../lib/states.js';
import { clockTime } from '../lib/time.js';
import { ActionDialog, TextField } from './dialog.js';
import { RetryWithChanges } from './retry-with-changes.js';
import { Raw } from './steps.js';
import { say } from './toast.js';
import { Shape } from './state.js';

/**
 * The card of a request that waits for a decision. Where others decide while a dialog is open here, the card stays with
 * what was typed until the dialog is closed: its answer says what has changed.
 */
export function Failure({ request, onChanged }) {
    const [way, setWay] = useState();
    const held = useRef();
    if (request.errorContext && isHeld(request.status)) held.current = request;
    else if (!way) held.current = undefined;
    return held.current ? html`<${FailureCard} request=${held.current} way=${way} setWay=${setWay} onChanged=${onChanged} />` : null;
}

/** What happened, where, what it touched, and each way on with what it repeats. */
function FailureCard({ request, way, setWay, onChanged }) {
    const { errorContext: context, actions } = request;
    const { error = {}, failedAction = {}, partialResources = [], cleanupRequired = [], choices = [] } = context;
    const action = actions.find(({ id }) => id === failedAction.id) ?? failedAction;
    const tries = action.attempts?.length ?? 0;
    const untouched = actions.filter(({ status }) => status === 'pending').length;
    const done = (words) => () => {
        setWay(undefined);
        say(words);
        onChanged();
    };
    return html`
        <section class="failure" aria-labelledby="failure-title">
            <div class="failure-body">
                <h2 id="failure-title">
                    <${Shape} shape="failed" />
                    <span>${action.name ?? action.id ?? 'The request'} failed${tries > 1 ? ` after ${tries} tries` : ''}</span>
                    ${context.timestamp && html`<span class="muted small">${clockTime(context.timestamp)}</span>`}
                </h2>
                <blockquote>${error.message ?? 'No reason was given.'}</blockquote>
                ${error.details && html`<${Raw} title="Raw answer" value=${error.details} />`}
                <${MadeSoFar} resources=${partialResources} actions=${actions} untouched=${untouched} />
                ${cleanupRequired.length > 0 && html`
                    <div><p><b>To clean up, if it ends here</b></p>
                        <ul>${cleanupRequired.map((one) => html`
                            <li key=${one.actionId}>${one.instructions} <span class="muted">${one.resourceId}</span></li>`)}</ul></div>`}
                ${context.escalationPath && html`
                    <p class="small muted">Escalation goes to ${[context.escalationPath].flat().join(', then ')}.</p>`}
            </div>
            <div class="ways">${choices.filter(({ choice }) => isOffered(choice, request)).map((one) => html`
                <${Way} key=${one.choice} way=${permitted(one)} onChoose=${() => setWay(one.choice)} />`)}</div>
            ${way && html`<${ways[way].dialog} request=${request} action=${action}
                explanation=${choices.find(({ choice }) => choice === way)?.explanation}
                onClose=${() => setWay(undefined)} onDone=${done(ways[way].said)} />`}
        </section>`;
}

/** An escalated request is escalated already. */
const isOffered = (choice, { status }) => choice in ways && !(choice === 'escalate' && status === 'escalated');

/** What the server would refuse says so instead of what it would do. */
function permitted(way) {
    const needed = ways[way.choice].permission;
    return needed && !may(needed) ? { ...way, allowed: false, explanation: `Needs the permission ${needed}.` } : way;
}

const Way = ({ way: { choice, allowed, explanation }, onChoose }) => html`
    <div class="way">
        <button type="button" class="button" disabled=${!allowed} aria-describedby=${`way-${choice}`} onClick=${onChoose}>
            ${ways[choice].name}…</button>
        <span class="small" id=${`way-${choice}`}>${explanation}</span>
    </div>`;

/** "Create the database (res-18)" */
const resourceWords = ({ actionId, type, id }, actions) =>
    `${actions.find((action) => action.id === actionId)?.name ?? type}${id ? ` (${id})` : ''}`;

const MadeSoFar = ({ resources, actions, untouched }) => html`
    <p>${resources.length
        ? html`<b>Made so far, and kept:</b> ${resources.map((one) => resourceWords(one, actions)).join(', ')}.`
        : 'Nothing was made before.'}
        ${untouched > 0 && ` ${untouched === 1 ? 'One step was' : `${untouched} steps were`} not started.`}</p>`;

function RetryDialog({ request, action, explanation, ...rest }) {
    const [skipsCheck, setSkipsCheck] = useState(false);
    const perform = () => post(path`/requests/${request.id}/retry`,
        { actionId: action.id, ...(skipsCheck ? { skipVerification: true } : {}) });
    return html`
        <${ActionDialog} title=${`Retry “${action.name ?? action.id}”`} verb="Retry" perform=${perform} ...${rest}>
            <p>${explanation}</p>
            ${may('requests.operate') && html`
                <label class="check">
                    <input type="checkbox" checked=${skipsCheck} onChange=${(event) => setSkipsCheck(event.currentTarget.checked)} />
                    Do not verify the result of this step</label>`}
        <//>`;
}

/** Asks for the outputs that the step declares; what was entered is marked as entered by a person. */
function CompleteDialog({ request, action, explanation, ...rest }) {
    const [declared, setDeclared] = useState(() => namesOf(request.errorContext.failedAction?.declaredOutputs ?? action.declaredOutputs));
    const [outputs, setOutputs] = useState({});
    const [reason, setReason] = useState('');
    const perform = async () => {
        try {
            return await post(path`/requests/${request.id}/steps/${action.id}/complete`, { outputs, reason });
        } catch (problem) {
            setDeclared((old) => [...new Set([...old, ...missingOutputs(problem)])]);
            throw problem;
        }
    };
    return html`
        <${ActionDialog} title=${`Do “${action.name ?? action.id}” by hand`} verb="Mark as done by hand" perform=${perform} ...${rest}>
            <p>${explanation}</p>
            ${declared.map((name) => html`<${TextField} key=${name} id=${`output-${name}`} label=${name} value=${outputs[name] ?? ''}
                onInput=${(text) => setOutputs({ ...outputs, [name]: text })} />`)}
            <${TextField} id="reason" label="What was done" rows=${3} value=${reason} onInput=${setReason}
                help="Kept in the history of the request." />
        <//>`;
}

const namesOf = (outputs) => (outputs ?? []).map((one) => one?.name ?? one);

/** Outputs that the server asked for by name: `outputs.endpoint`. */
const missingOutputs = ({ errors = [] }) =>
    errors.filter(({ field }) => field?.startsWith('outputs.')).map(({ field }) => field.slice('outputs.'.length));

function SkipDialog({ request, action, explanation, ...rest }) {
    const [reason, setReason] = useState('');
    return html`
        <${ActionDialog} title=${`Skip “${action.name ?? action.id}”`} verb="Skip this step"
            perform=${() => post(path`/requests/${request.id}/steps/${action.id}/skip`, { reason })} ...${rest}>
            <p>${explanation}</p><${TextField} id="reason" label="Why it is not needed" rows=${3} value=${reason} onInput=${setReason} />
        <//>`;
}

function EscalateDialog({ request, explanation, ...rest }) {
    const [reason, setReason] = useState('');
    const [priority, setPriority] = useState('High');
    return html`
        <${ActionDialog} title="Escalate" verb="Escalate"
            perform=${() => post(path`/requests/${request.id}/escalate`, { reason, priority })} ...${rest}>
            <p>${explanation}</p>
            <${TextField} id="reason" label="What is needed" rows=${3} value=${reason} onInput=${setReason} />
            <div class="field"><label for="priority">Priority</label>
                <select id="priority" class="input narrow" value=${priority} onChange=${(event) => setPriority(event.currentTarget.value)}>
                    ${['Low', 'Medium', 'High', 'Critical'].map((one) => html`<option key=${one} value=${one}>${one}</option>`)}
                </select></div>
        <//>`;
}

const abortExplanation = `The step that is running ends first. Nothing after it is started, and what was made is kept.
An aborted request cannot go on.`;

export function AbortDialog({ request, explanation, ...rest }) {
    const [reason, setReason] = useState('');
    const [wantsTicket, setWantsTicket] = useState(false);
    const [wantsRest, setWantsRest] = useState(false);
    const resources = request.errorContext?.partialResources ?? [];
    const perform = () => post(path`/requests/${request.id}/abort`, {
        reason, createCleanupTicket: wantsTicket, createCompletionTicket: wantsRest });
    return html`
        <${ActionDialog} title="Abort this request" verb="Abort request" isDangerous perform=${perform} ...${rest}>
            <p>${explanation ?? abortExplanation}</p>
            ${resources.length > 0 && html`<${MadeSoFar} resources=${resources} actions=${request.actions} untouched=${0} />`}
            <${TextField} id="reason" label="Reason" rows=${2} value=${reason} onInput=${setReason} />
            <label class="check">
                <input type="checkbox" checked=${wantsTicket}
                onChange=${(event) => setWantsTicket(event.currentTarget.checked)} />Open a ticket to clean up what was made</label>
            <label class="check">
                <input type="checkbox" checked=${wantsRest}
                onChange=${(event) => setWantsRest(event.currentTarget.checked)} />Open a ticket for a person to do what is left</label>
        <//>`;
}

const ways = {
    retry: { name: 'Retry', dialog: RetryDialog, said: 'Retry started' },
    'retry-with-changes': { name: 'Retry with changes', dialog: RetryWithChanges, said: 'Retry started with the changes' },
    'complete-by-hand': { name: 'Do it by hand', dialog: CompleteDialog, said: 'Done by hand', permission: 'requests.operate' },
    skip: { name: 'Skip this step', dialog: SkipDialog, said: 'Step skipped', permission: 'requests.operate' },
    escalate: { name: 'Escalate', dialog: EscalateDialog, said: 'Escalated' },
    abort: { name: 'Abort', dialog: AbortDialog, said: 'Request aborted' },
};
