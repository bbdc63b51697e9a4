import { ActionDialog, Dialog, TextField } from '../components/dialog.js';
import { Loading } from '../components/page.js';
import { ProblemNotice } from '../components/problem.js';
import { SearchField } from '../components/search-field.js';
import { get, path, post, query } from '../lib/api.js';
import { moveAmongRows } from '../lib/keys.js';
import { html, useState } from '../lib/preact.js';
import { useAction, useResource } from '../lib/resource.js';

const kinds = 'CatalogItem,CatalogBundle,UpdateItem,UpgradeItem';
const starters = { item: 'Service', bundle: 'Bundle', update: 'Update', upgrade: 'Upgrade', flat: 'Service, flat dialect' };

/** Something to begin with: a commented starter, or a document of the catalog. `onOpen({path, text})`. */
export function OpenDialog({ isReplacing, onOpen, onClose }) {
    const [search, setSearch] = useState('');
    const found = useResource(`/catalog${query({ search, kind: kinds, limit: 20 })}`, { keep: true });
    const open = useAction(async (target) => onOpen(await get(target)));
    return html`
        <${Dialog} title="Open a document" onClose=${onClose}>
            <div class="stack">
                ${isReplacing && html`<p class="tone-warn">It takes the place of the text that is in the editor.</p>`}
                <div><h3>Begin with</h3><div class="row wrap">${Object.entries(starters).map(([kind, name]) => html`
                    <button type="button" class="button" key=${kind}
                        onClick=${() => open.run(path`/catalog/starters/${kind}`)}>${name}</button>`)}</div></div>
                <${SearchField} label="Search the catalog" value=${search} onChange=${setSearch} />
                <${ProblemNotice} problem=${open.problem ?? found.problem} />
                ${!found.data && !found.problem && html`<${Loading} />`}
                <ul class="choices" onKeyDown=${moveAmongRows}>${(found.data?.data ?? []).map(({ id, name, version }) => html`
                    <li key=${id}><button type="button" class="button plain" data-row
                        onClick=${() => open.run(path`/catalog/items/${id}/source`)}>${name} <span class="muted small">${id} ${version}</span>
                    </button></li>`)}</ul>
                ${found.data?.data.length === 0 && html`<p class="muted">Nothing matches.</p>`}
            </div>
        <//>`;
}

/** A branch, a commit and, where GitHub is configured, a pull request. */
export function PublishDialog({ place, text, onPlace, onClose }) {
    const [title, setTitle] = useState('');
    const [done, setDone] = useState();
    if (done) return html`<${Published} answer=${done} onClose=${onClose} />`;
    return html`
        <${ActionDialog} title="Publish" verb="Publish" onClose=${onClose} onDone=${setDone}
            perform=${() => post('/catalog/publish', { path: place.trim(), document: text, ...(title.trim() ? { title: title.trim() } : {}) })}>
            <p>The document is checked once more, pushed to a branch of its own, and a pull request asks its owners.
                The catalog changes when they merge it.</p>
            <${TextField} id="publish-path" label="File" value=${place} onInput=${onPlace}
                help="From the root of the catalog, such as catalog/databases/redis/service.yaml." />
            <${TextField} id="publish-title" label="What changes" required=${false} value=${title} onInput=${setTitle}
                help="Title of the commit and of the pull request." />
        <//>`;
}

const Published = ({ answer: { branch, commit, owners, pullRequestUrl, warnings, hint }, onClose }) => html`
    <${Dialog} title="Published" onClose=${onClose}>
        <div class="stack">
            <dl class="facts">
                <dt>Branch</dt><dd class="id">${branch}</dd>
                <dt>Commit</dt><dd class="id">${commit}</dd>
                <dt>Owners</dt><dd>${owners.length ? owners.join(', ') : 'Nobody owns this path'}</dd>
                ${pullRequestUrl && html`<dt>Pull request</dt><dd>
                    <a href=${pullRequestUrl} target="_blank" rel="noreferrer">${pullRequestUrl}</a></dd>`}
            </dl>
            ${hint && html`<p>${hint}</p>`}
            ${warnings.map(({ line, message }) => html`<p class="small tone-warn" key=${line + message}>Line ${line}: ${message}</p>`)}
            <div class="dialog-foot"><button type="button" class="button primary" onClick=${onClose}>Done</button></div>
        </div>
    <//>`;
