import { html } from '../lib/preact.js';
import { createStore, useStore } from '../lib/store.js';

const toasts = createStore([]);
let last = 0;

/** A short word that something was done. What went wrong is said where it happened, not here. */
export function say(text) {
    const id = last += 1;
    toasts.set([...toasts.get(), { id, text }]);
    setTimeout(() => toasts.set(toasts.get().filter((toast) => toast.id !== id)), 3500);
}

export const Toasts = () => html`
    <div class="toasts" role="status" aria-live="polite">
        ${useStore(toasts).map(({ id, text }) => html`<div class="toast" key=${id}>${text}</div>`)}
    </div>`;
