import { Empty, Loading, Page } from '../components/page.js';
import { ProblemNotice } from '../components/problem.js';
import { SearchField } from '../components/search-field.js';
import { path, query as queryOf } from '../lib/api.js';
import { useEvents } from '../lib/events.js';
import { moveAmongRows } from '../lib/keys.js';
import { html } from '../lib/preact.js';
import { recentItems } from '../lib/recent.js';
import { useList } from '../lib/resource.js';
import { setQuery } from '../lib/router.js';
import { session } from '../lib/session.js';
import { sentence } from '../lib/states.js';
import { about } from '../lib/time.js';

const pageSize = 200;

export default function CatalogPage({ query: { search = '', category = '', owner = '' } }) {
    const all = useList(`/catalog?limit=${pageSize}`);
    const isWhole = all.data && !all.pagination?.has_more;
    const filters = { search, category, owner };
    const asked = useList(isWhole || !all.data ? undefined : `/catalog${queryOf({ limit: pageSize, ...filters })}`);
    useEvents(({ type }) => ['catalog.synced', 'resync'].includes(type) && all.reload());

    const items = isWhole ? all.data.filter((item) => matches(item, filters)) : asked.data;
    const list = isWhole ? all : asked;
    return html`
        <${Page} title="Catalog" note="Ask for a service. You see what will happen before it does.">
            <div class="filters">
                <${SearchField} label="Search the catalog" value=${search} onChange=${(text) => setQuery({ search: text })} /></div>
            <${ProblemNotice} problem=${all.problem ?? asked.problem} retry=${all.reload} />
            ${!items && !all.problem && html`<${Loading} />`}
            ${items && html`
                <div class="catalog">
                    <aside class="facets" aria-label="Filters">
                        <${Facet} title="Category" name="category" chosen=${category} items=${all.data} valueOf=${(item) => item.category}
                            wordOf=${sentence} />
                        <${Facet} title="Owner" name="owner" chosen=${owner} items=${all.data} valueOf=${(item) => item.owner?.team} />
                    </aside>
                    <div onKeyDown=${moveAmongRows}>
                        ${!search && !category && !owner && html`<${Recent} items=${all.data} />`}
                        <${Cards} items=${items} isFiltered=${Boolean(search || category || owner)} />
                        ${list.more && html`<div class="table-foot">
                            <button type="button" class="button" onClick=${list.more}>Show more</button></div>`}
                        <p class="visually-hidden" role="status">${items.length} items</p>
                    </div>
                </div>`}
        <//>`;
}

/** The same words anywhere in what a card says, for a catalog that is here whole. */
function matches(item, { search, category, owner }) {
    const text = [item.id, item.name, item.description, item.category, item.owner?.team, ...(item.tags ?? [])].join(' ').toLowerCase();
    return (!category || item.category === category) && (!owner || item.owner?.team === owner)
        && search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function Facet({ title, name, chosen, items, valueOf, wordOf = (value) => value }) {
    const counts = new Map();
    for (const item of items ?? []) {
        const value = valueOf(item);
        if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    const values = [...counts].sort(([a], [b]) => a.localeCompare(b));
    if (!values.length) return null;
    return html`
        <div class="facet" role="group" aria-label=${title}>
            <h2>${title}</h2>
            ${values.map(([value, count]) => html`
                <button type="button" key=${value} aria-pressed=${value === chosen ? 'true' : 'false'}
                    onClick=${() => setQuery({ [name]: value === chosen ? '' : value })}>
                    <span>${wordOf(value)}</span><span>${count}</span>
                </button>`)}
        </div>`;
}

function Recent({ items }) {
    const used = recentItems(session.get().user?.login).map((id) => items?.find((item) => item.id === id)).filter(Boolean);
    if (!used.length) return null;
    return html`
        <h2 class="section-title">Used recently</h2>
        <div class="recent">
            ${used.map((item) => html`<a key=${item.id} class="button" href=${path`/catalog/items/${item.id}`}>${item.name}</a>`)}</div>`;
}

function Cards({ items, isFiltered }) {
    if (items.length) {
        return html`
            <h2 class="section-title">${isFiltered ? `${items.length} found` : 'All services'}</h2>
            <div class="cards-grid">${items.map((item) => html`<${Card} key=${item.id} item=${item} />`)}</div>`;
    }
    if (isFiltered) {
        return html`
            <${Empty} title="Nothing matches">
                <p>Try fewer words, or look at everything.</p>
                <button type="button" class="button"
                    onClick=${() => setQuery({ search: '', category: '', owner: '' })}>Show the whole catalog</button>
            <//>`;
    }
    return html`
        <${Empty} title="The catalog is empty">
            <p>Services appear here when the catalog has documents. Each is a YAML file; check a folder of them with:</p>
            <code>pao catalog validate catalog/</code>
        <//>`;
}

/** "Automatic · about 2 min", "By hand · within 1d", "Bundle of 3 · within 1h". */
const effortOf = ({ kind, steps, mode, typicalDuration, sla }) =>
    [
        kind === 'CatalogBundle' ? `Bundle of ${steps}` : mode === 'automatic' ? 'Automatic' : 'By hand',
        typicalDuration ? about(typicalDuration) : sla?.provisioning && `within ${sla.provisioning}`,
    ].filter(Boolean).join(' · ');

/** "Deprecated. Use postgresql-standard. " */
const leavingWords = ({ status = 'active', replacedBy } = {}) =>
    (status === 'active' ? '' : `${sentence(status)}. ${replacedBy ? `Use ${replacedBy}. ` : ''}`);

function Card({ item }) {
    const status = item.lifecycle?.status ?? 'active';
    return html`
        <article class=${`card${status === 'active' ? '' : ' dimmed'}`}>
            <h3><a href=${path`/catalog/items/${item.id}`} data-row>${item.name}</a></h3>
            <p>${leavingWords(item.lifecycle)}${item.description}</p>
            <div class="card-foot"><span>${effortOf(item)}</span><span>${item.owner?.team}</span></div>
        </article>`;
}
