import { path, post } from '../lib/api.js';
import { useEvents } from '../lib/events.js';
import { html, useState } from '../lib/preact.js';
import { useList, useResource } from '../lib/resource.js';
import { Dialog } from './dialog.js';
import { Icon } from './icon.js';
import { Empty, Loading } from './page.js';
import { ProblemNotice } from './problem.js';
import { say } from './toast.js';
import { Time } from './time.js';

// What people are told of follows its event by a moment.
const told = ['request.status', 'request.held', 'approval', 'ticket'];
const dispatchTime = 1500;

/** How many one has not read, and the list of them all. */
export function Bell() {
    const unread = useResource('/notifications?unread=true&limit=100', { keep: true });
    const [isOpen, setOpen] = useState(false);
    useEvents(({ type }) => (told.includes(type) ? setTimeout(unread.reload, dispatchTime) : type === 'resync' && unread.reload()));
    const count = unread.data?.data.length ?? 0;
    return html`
        <button type="button" class="icon-button bell" onClick=${() => setOpen(true)} title="Notifications"
            aria-label=${`Notifications, ${count} unread`}><${Icon} name="bell" />
            ${count > 0 && html`<span class="count">${count > 99 ? '99+' : count}</span>`}</button>
        ${isOpen && html`<${Notifications} onRead=${unread.reload} onClose=${() => setOpen(false)} />`}`;
}

function Notifications({ onRead, onClose }) {
    const list = useList('/notifications?limit=20');
    const read = async (id) => {
        try {
            await post(id ? path`/notifications/${id}/read` : '/notifications/read');
            onRead();
            list.reload();
        } catch (problem) {
            say(problem.message);
        }
    };
    const hasUnread = list.data?.some(({ readAt }) => !readAt);
    return html`
        <${Dialog} title="Notifications" onClose=${onClose}>
            <${ProblemNotice} problem=${list.problem} retry=${list.reload} />
            ${!list.data && !list.problem && html`<${Loading} />`}
            ${list.data?.length === 0 && html`<${Empty} title="Nothing yet"><p>You are told here when what you asked for is ready, fails or
                has to wait, and when something waits for you.</p><//>`}
            ${hasUnread && html`<p><button type="button" class="link-button" onClick=${() => read()}>Mark all as read</button></p>`}
            <ol class="notifications">${(list.data ?? []).map(({ id, subject, text, link, createdAt, readAt }) => html`
                <li key=${id} class=${readAt ? 'muted' : undefined}>
                    <p><a href=${link} onClick=${() => {
                        if (!readAt) read(id);
                        onClose();
                    }}>${subject}</a> <span class="small muted"><${Time} at=${createdAt} />${!readAt && ', new'}</span></p>
                    <p class="small">${text}</p>
                </li>`)}</ol>
            ${list.more && html`<button type="button" class="button" onClick=${list.more}>Show more</button>`}
        <//>`;
}
