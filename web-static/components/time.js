import { html } from '../lib/preact.js';
import { duration, exact, relative, useNow } from '../lib/time.js';

/** Relative, with the exact instant on hover. */
export function Time({ at }) {
    const now = useNow();
    return at ? html`<time class="nowrap" datetime=${at} title=${exact(at)}>${relative(at, now)}</time>` : null;
}

/** From `from` to `to`, or until now while it runs. */
export function Span({ from, to }) {
    if (!from) return null;
    if (to) return html`<span class="numbers nowrap">${duration(Date.parse(to) - Date.parse(from))}</span>`;
    return html`<${RunningSpan} from=${from} />`;
}

function RunningSpan({ from }) {
    const elapsed = Math.max(0, useNow() - Date.parse(from));
    return html`<span class="numbers nowrap">${duration(Math.max(1000, Math.floor(elapsed / 1000) * 1000))}</span>`;
}
