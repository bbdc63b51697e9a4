import { html, useState } from '../lib/preact.js';
import { isFinal, isHeld, shownStatus, stateOf } from '../lib/states.js';
import { clockTime, duration, relative, useNow } from '../lib/time.js';
import { Copy } from './copy.js';
import { Icon } from './icon.js';
import { State, Shape } from './state.js';
import { Span, Time } from './time.js';
import { hasValues, Values } from './values.js';

/** The steps of a request: state, what they are, how long they take, and each try to scale. Details open in place. */
export function Steps({ request }) {
    const now = useNow();
    const [open, setOpen] = useState();
    const isEnded = isFinal(request.status) || isHeld(request.status);
    const starts = request.actions.map(({ startedAt }) => Date.parse(startedAt)).filter(Number.isFinite);
    const ends = request.actions.map(({ completedAt }) => Date.parse(completedAt)).filter(Number.isFinite);
    const from = Math.min(...starts, now);
    const scale = { from, length: Math.max((isEnded && ends.length ? Math.max(...ends) : now) - from, 1), now };
    return html`
        <ol class="steps">${request.actions.map((action) => html`
            <${Step} key=${action.id} action=${action} scale=${scale} isOpen=${open === action.id}
                onToggle=${() => setOpen(open === action.id ? undefined : action.id)} />`)}</ol>`;
}

function Step({ action, scale, isOpen, onToggle }) {
    const state = stateOf('step', shownStatus(action));
    const detailId = `step-${action.id}`;
    return html`
        <li>
            <button type="button" class="step" aria-expanded=${isOpen ? 'true' : 'false'} aria-controls=${detailId} onClick=${onToggle}>
                <span class=${`tone-${state.tone}`}><${Shape} shape=${state.shape} /></span>
                <span><span class="name">${action.name ?? action.id}</span><span class="visually-hidden">, ${state.word}
                    </span> <${Hint} action=${action} now=${scale.now} /></span>
                <span class="muted small kind">${action.type}</span>
                <span class="small numbers"><${Span} from=${action.startedAt} to=${action.completedAt} /></span>
                <span class=${`track tone-${state.tone}`} aria-hidden="true">${barsOf(action, scale).map((bar, index) => html`
                    <span key=${index} class=${`bar tone-${bar.tone}`} style=${{ left: `${bar.left}%`, width: `${bar.width}%` }}>
                        </span>`)}</span>
                <span class="chevron"><${Icon} name="chevron" /></span>
            </button>
            ${isOpen && html`<div class="step-detail" id=${detailId}><${StepDetail} action=${action} /></div>`}
        </li>`;
}

/** What a glance should tell beyond the state: tries, when the next is, who is waited for. */
function Hint({ action, now }) {
    const { attempts = [], status } = action;
    const last = attempts.at(-1);
    if (shownStatus(action) === 'waiting') return html`<span class="small tone-wait">waits for a person</span>`;
    if (status === 'retrying' && last?.nextAttemptAt) return html`<span
        class="small tone-warn nowrap">try ${last.number + 1} ${relative(last.nextAttemptAt, now)}</span>`;
    if (attempts.length > 1) return html`<span class="small muted nowrap">${attempts.length} tries</span>`;
    return status === 'skipped' ? html`<span class="small muted">skipped</span>` : null;
}

/** One bar per try, in percent of the whole request. */
function barsOf(action, { from, length, now }) {
    const { attempts = [], startedAt, completedAt, status } = action;
    const isWaiting = shownStatus(action) === 'waiting';
    const spans = attempts.length ? attempts : startedAt ? [{ startedAt, completedAt, status }] : [];
    return spans.filter((span) => span.startedAt).map((span) => {
        const left = Math.max(0, Date.parse(span.startedAt) - from);
        const end = (span.completedAt ? Date.parse(span.completedAt) : now) - from;
        const tone = isWaiting ? 'wait' : stateOf('attempt', span.status).tone;
        return { left: (left / length) * 100, width: (Math.max(end - left, 0) / length) * 100, tone };
    });
}

function StepDetail({ action }) {
    const { attempts = [], outputs, dependsOn = [] } = action;
    return html`
        <div class="row wrap small">
            <${State} family="step" name=${shownStatus(action)} /><span class="id muted">${action.id}</span>
            ${dependsOn?.length > 0 && html`<span class="muted">after ${dependsOn.join(', ')}</span>`}
            ${action.completedBy && html`<span class="muted">done by ${action.completedBy}</span>`}
        </div>
        ${action.reason && html`<p>${action.reason}</p>`}
        ${shownStatus(action) === 'waiting' && html`<p><a href="/tickets">Open the tickets</a> to do it.</p>`}
        ${hasValues(outputs) && html`<${Values} values=${outputs} />`}
        ${attempts.length > 0
            ? html`<ol class="attempts">${attempts.map((attempt) => html`<${Attempt} key=${attempt.number} attempt=${attempt} />`)}</ol>`
            : html`<p class="muted small">Nothing has been done for this step yet.</p>`}`;
}

function Attempt({ attempt }) {
    const { number, status, startedAt, completedAt, errorType, errorMessage, errorDetails, externalId, externalUrl,
        verification } = attempt;
    return html`
        <li class="attempt">
            <div class="row wrap small">
                <b>Try ${number}</b><${State} family="attempt" name=${status} />
                ${startedAt && html`<span class="muted">${clockTime(startedAt)}</span>`}<${Span} from=${startedAt} to=${completedAt} />
                ${externalUrl && /^https?:/.test(externalUrl)
                    ? html`<a class="row" href=${externalUrl} target="_blank" rel="noreferrer">
                        ${externalId ?? 'Open'} <${Icon} name="external" /></a>`
                    : externalId && html`<${Copy} text=${String(externalId)} what="outside id" />`}
            </div>
            ${errorMessage && html`<p><code class="tone-fail">${errorType}</code> ${errorMessage}</p>`}
            ${isTelling(errorDetails) && html`<${Raw} title="Raw answer" value=${errorDetails} />`}
            ${isTelling(verification) && html`<${Raw} title="What was checked" value=${verification} />`}
        </li>`;
}

export const Raw = ({ title, value }) => html`
    <details><summary>${title}</summary><pre class="raw" tabindex="0">${asText(value)}</pre></details>`;

const isTelling = (value) => Boolean(value) && (typeof value !== 'object' || Object.keys(value).length > 0);
export const asText = (value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));

/** Starts, ends and tries as one list, the latest first. */
function historyOf(request) {
    const entries = [
        { at: request.createdAt, shape: 'pending', tone: 'muted', text: `Requested by ${request.userId}` },
        ...request.actions.flatMap((action) => (action.attempts ?? []).flatMap((attempt) => attemptEntries(action, attempt))),
        { at: request.completedAt, ...stateOf('request', request.status), text: stateOf('request', request.status).word },
    ];
    return entries.filter(({ at }) => at).sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

function attemptEntries({ id, name = id }, { number, status, startedAt, completedAt, errorMessage }) {
    const state = stateOf('attempt', status);
    const took = completedAt && duration(Date.parse(completedAt) - Date.parse(startedAt));
    return [
        { at: startedAt, shape: 'pending', tone: 'run', text: `${name}: try ${number} started` },
        { at: completedAt, ...state, text: `${name}: ${errorMessage ?? state.word.toLowerCase()} after ${took}` },
    ];
}

export const History = ({ request }) => html`
    <ol class="history">${historyOf(request).map((entry, index) => html`
        <li key=${index}>
            <span class=${`tone-${entry.tone}`}><${Shape} shape=${entry.shape} /></span>
            <span>${entry.text}</span><span class="muted small"><${Time} at=${entry.at} /></span>
        </li>`)}</ol>`;
