import { Chips } from '../components/chips.js';
import { ActionDialog, TextField } from '../components/dialog.js';
import { Icon } from '../components/icon.js';
import { Markdown } from '../components/markdown.js';
import { Empty, Loading, Page } from '../components/page.js';
import { ProblemNotice } from '../components/problem.js';
import { State } from '../components/state.js';
import { Time } from '../components/time.js';
import { say } from '../components/toast.js';
import { path, post, query as queryOf } from '../lib/api.js';
import { useEvents } from '../lib/events.js';
import { html, useState } from '../lib/preact.js';
import { useAction, useList, useResource } from '../lib/resource.js';
import { setQuery } from '../lib/router.js';

const filters = [{ value: '', name: 'To do' }, { value: 'resolved,closed', name: 'Done' }];
const toDo = 'open,in_progress';

export default function TicketsPage({ query: { status = '' } }) {
    const tickets = useList(`/tickets${queryOf({ status: status || toDo })}`);
    useEvents(({ type }) => ['ticket', 'resync'].includes(type) && tickets.reload());
    return html`
        <${Page} title="Tickets" note="Steps that a person does. Resolving one lets its request go on.">
            <div class="filters">
                <${Chips} label="Status" options=${filters} value=${status} onChange=${(value) => setQuery({ status: value })} /></div>
            <${ProblemNotice} problem=${tickets.problem} retry=${tickets.reload} />
            ${!tickets.data && !tickets.problem && html`<${Loading} />`}
            ${tickets.data?.length === 0 && (status ? html`<${Empty} title="Nothing done yet"><p>Resolved tickets are kept here.</p>
                <//>` : html`
                <${Empty} title="Nothing waits for you">
                    <p>A ticket appears here when a request needs a person: a step by hand, or an automation that gave up.</p>
                    <a class="button" href="/requests">See the requests</a>
                <//>`)}
            ${tickets.data?.length > 0 && html`
                <div class="panel">
                    ${tickets.data.map((ticket) => html`<${Ticket} key=${ticket.id} ticket=${ticket} onChanged=${tickets.reload} />`)}</div>
                ${tickets.more && html`<div class="table-foot">
                    <button type="button" class="button" onClick=${tickets.more}>Show more</button></div>`}`}
        <//>`;
}

function Ticket({ ticket, onChanged }) {
    const [floating, setFloating] = useState();
    const close = () => setFloating(undefined);
    const done = (words) => () => {
        close();
        say(words);
        onChanged();
    };
    const claim = useAction(async () => {
        await post(path`/tickets/${ticket.id}/claim`);
        done('Ticket is yours')();
    });
    const isOpen = ['open', 'in_progress'].includes(ticket.status);
    return html`
        <article class="ticket" aria-label=${ticket.title}>
            <div class="stack tight">
                <h2>${ticket.title}</h2>
                <div class="row wrap small">
                    <${State} family="ticket" name=${ticket.status} />
                    <span class="muted">opened <${Time} at=${ticket.createdAt} /></span>
                    <span class="muted">${ticket.assignee ? `with ${ticket.assignee}` : 'not claimed'}</span>
                </div>
                ${ticket.description && html`<${Markdown} text=${ticket.description} />`}
                <${ProblemNotice} problem=${claim.problem} />
            </div>
            <div class="stack tight">
                ${ticket.requestId && html`<p class="small">Request <a class="id" href=${path`/requests/${ticket.requestId}`}>
                    ${ticket.requestId}</a>${ticket.actionId && html`<span class="muted"> · ${ticket.actionId}</span>`}</p>`}
                ${/^https?:/.test(ticket.url) && html`<p class="small">
                    <a class="row" href=${ticket.url} target="_blank" rel="noreferrer">Open in ${ticket.system} <${Icon} name="external" />
                    </a></p>`}
                ${ticket.outputs?.length > 0 && isOpen && html`<p
                    class="small muted">Asks for ${ticket.outputs.map(({ name }) => name).join(', ')}</p>`}
                ${isOpen && html`
                    <div class="row wrap">
                        <button type="button" class="button primary" onClick=${() => setFloating('resolve')}>Resolve…</button>
                        ${ticket.status === 'open' && html`<button type="button" class="button" onClick=${claim.run}
                            aria-disabled=${claim.isBusy ? 'true' : 'false'}>Claim</button>`}
                        <button type="button" class="button" onClick=${() => setFloating('comment')}>Comments…</button>
                        <button type="button" class="button" onClick=${() => setFloating('close')}>Decline…</button>
                    </div>`}
            </div>
            ${floating === 'resolve' && html`<${ResolveDialog} ticket=${ticket} onClose=${close}
                onDone=${done('Ticket resolved, the request goes on')} />`}
            ${floating === 'close' && html`<${DeclineDialog} ticket=${ticket} onClose=${close} onDone=${done('Ticket closed')} />`}
            ${floating === 'comment' && html`<${CommentDialog} ticket=${ticket} onClose=${close} onDone=${done('Comment added')} />`}
        </article>`;
}

function ResolveDialog({ ticket, ...rest }) {
    const [outputs, setOutputs] = useState({});
    const [comment, setComment] = useState('');
    return html`
        <${ActionDialog} title=${`Resolve “${ticket.title}”`} verb="Resolve"
            perform=${() => post(path`/tickets/${ticket.id}/resolve`, { outputs, comment })} ...${rest}>
            ${ticket.outputs?.length > 0 && html`<p>The next steps use what you enter here.</p>`}
            ${(ticket.outputs ?? []).map(({ name, description }) => html`
                <${TextField} key=${name} id=${`output-${name}`} label=${name} help=${description} value=${outputs[name] ?? ''}
                    onInput=${(text) => setOutputs({ ...outputs, [name]: text })} />`)}
            <${TextField} id="comment" label="Comment" rows=${3} required=${false} value=${comment} onInput=${setComment} />
        <//>`;
}

function CommentDialog({ ticket, ...rest }) {
    const [text, setText] = useState('');
    return html`
        <${ActionDialog} title="Comments" verb="Add comment" perform=${() => post(path`/tickets/${ticket.id}/comment`, { text })}
            ...${rest}>
            <${Comments} ticketId=${ticket.id} />
            <${TextField} id="comment" label="New comment" rows=${3} value=${text} onInput=${setText} />
        <//>`;
}

function Comments({ ticketId }) {
    const ticket = useResource(path`/tickets/${ticketId}`);
    if (ticket.problem) return html`<${ProblemNotice} problem=${ticket.problem} />`;
    return html`
        <ol class="stack tight">${(ticket.data?.comments ?? []).map(({ author, at, text }) => html`
            <li key=${at + author}>
                <p class="small muted">${author}, <${Time} at=${at} /></p><${Markdown} text=${text} />
            </li>`)}</ol>`;
}

function DeclineDialog({ ticket, ...rest }) {
    const [reason, setReason] = useState('');
    const perform = () => post(path`/tickets/${ticket.id}/close`, { reason });
    return html`
        <${ActionDialog} title=${`Decline “${ticket.title}”`} verb="Decline" isDangerous perform=${perform} ...${rest}>
            <p>The work will not be done: its step fails, and the requester decides how to go on.</p>
            <${TextField} id="reason" label="Reason" rows=${3} value=${reason} onInput=${setReason} />
        <//>`;
}
