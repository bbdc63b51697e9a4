import { html, useEffect, useRef } from '../lib/preact.js';
import { ProblemNotice } from './problem.js';

/**
 * Breadcrumb, title, status line, actions at the right, content. `crumbs`: `[{name, href}]` of what is above.
 * The title takes the focus when a page opens, so that screen readers start there.
 */
export function Page({ title, crumbs = [], note, headline, actions, children }) {
    const heading = useRef();
    useEffect(() => { document.title = title ? `${title} · PAO` : 'PAO'; }, [title]);
    useEffect(() => {
        if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
    }, []);
    return html`
        <div class="page">
            <header class="page-head">
                <div>
                    ${crumbs.length > 0 && html`<nav class="crumbs" aria-label="Breadcrumb">${crumbs.map((crumb) => html`
                        <span key=${crumb.href}><a href=${crumb.href}>${crumb.name}</a> /</span>`)}</nav>`}
                    <h1 tabindex="-1" ref=${heading}>${title}</h1>
                    ${note && html`<p class="page-note">${note}</p>`}
                    ${headline && html`<div class="headline">${headline}</div>`}
                </div>
                ${actions && html`<div class="page-actions">${actions}</div>`}
            </header>
            ${children}
        </div>`;
}

export const Loading = ({ what = 'Loading' }) => html`<div class="loading" role="status"><span>${what}…</span></div>`;

/** A page whose one subject could not be read, or is still on its way. */
export function SubjectPage({ subject, crumbs, title, missing }) {
    const { problem, reload } = subject;
    if (!problem) return html`<${Page} title=${title} crumbs=${crumbs}><${Loading} /><//>`;
    const isMissing = problem.status === 404;
    return html`
        <${Page} title=${isMissing ? 'Not found' : title} crumbs=${crumbs}>
            ${isMissing ? html`<${Empty} title=${missing}><p>It does not exist, or it belongs to a team you are not in.</p><//>`
                : html`<${ProblemNotice} problem=${problem} retry=${reload} />`}
        <//>`;
}

/** What belongs here, and how to get the first. */
export const Empty = ({ title, children }) => html`<div class="empty"><h2>${title}</h2>${children}</div>`;
