import { html } from '../lib/preact.js';
import { Copy } from './copy.js';
import { Icon } from './icon.js';

/** What went wrong, what to do, the id to quote. `retry` is offered where doing it again is harmless. */
export function ProblemNotice({ problem, retry }) {
    if (!problem) return null;
    const { title = 'Something went wrong', detail, errors = [], correlationId, retryAfter } = problem;
    return html`
        <div class="notice fail" role="alert">
            <${Icon} name="warning" />
            <div class="stack tight">
                <p><b>${title}</b>${detail && detail !== title && html`<br />${detail}`}</p>
                ${errors.length > 0 && html`<ul>
                    ${errors.map(({ field, message }) => html`<li key=${field + message}><code>${field}</code> ${message}</li>`)}</ul>`}
                ${retryAfter && html`<p>Try again in ${retryAfter} s.</p>`}
                ${(correlationId || retry) && html`
                    <div class="row wrap small">
                        ${retry && html`<button type="button" class="button" onClick=${retry}>Try again</button>`}
                        ${correlationId && html`<span class="muted">Correlation id</span> <${Copy} text=${correlationId}
                            what="correlation id" />`}
                    </div>`}
            </div>
        </div>`;
}
