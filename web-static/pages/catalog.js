import { Empty, Loading, Page } from '../components/page.js';
import { ProblemNotice } from '../components/problem.js';
import { SearchField } from '../components/search-field.js';
import { path, query as queryOf } from '../lib/api.js';
import { useEvents } from '../lib/events.js';
import { moveAmongRows } from '../lib/keys.js';
import { html, useState } from '../lib/preact.js';
import { recentItems } from '../lib/recent.js';
import { useList } from '../lib/resource.js';
import { setQuery } from '../lib/router.js';
import { session } from '../lib/session.js';
import { sentence } from '../lib/states.js';
import { about } from '../lib/time.js';

const pageSize = 200;

// What narrows the list, with the words of its values.
const facets = [
    { name: 'category', title: 'Category', valuesOf: (item) => [item.category], wordOf: sentence },
    { name: 'owner', title: 'Owner', valuesOf: (item) => [item.owner?.team], wordOf: (value) => value },
    { name: 'tags', title: 'Tags', valuesOf: (item) => item.tags ?? [], wordOf: (value) => value },
];
const shownValues = 8;
const sorts = [{ value: '', name: 'Name' }, { value: '-name', name: 'Name, from Z' }, { value: 'category', name: 'Category' }];

export default function CatalogPage({ query: { search = '', category = '', owner = '', tags = '', sort = '' } }) {
    const all = useList(`/catalog?limit=${pageSize}`);
    const isWhole = all.data && !all.pagination?.has_more;
    const filters = { search, category, owner, tags };
    const isFiltered = Object.values(filters).some(Boolean);
    const asked = useList(isWhole || !all.data ? undefined : `/catalog${queryOf({ limit: pageSize, ...filters, sort, facets: true })}`);
    useEvents(({ type }) => ['catalog.synced', 'resync'].includes(type) && all.reload());

    const items = isWhole ? sorted(all.data.filter((item) => matches(item, filters)), sort) : asked.data;
    const counts = isWhole ? countsOf(all.data, filters) : asked.answer?.facets;
    const list = isWhole ? all : asked;
    return html`
        <${Page} title="Catalog" note="Ask for a service. You see what will happen before it does.">
            <div class="filters">
                <${SearchField} label="Search the catalog" value=${search} onChange=${(text) => setQuery({ search: text })} />
                <label class="row small muted">Sort <select class="input compact" value=${sort}
                    onChange=${(event) => setQuery({ sort: event.currentTarget.value })}>${sorts.map(({ value, name }) => html`
                        <option key=${value} value=${value}>${name}</option>`)}</select></label></div>
            <${ProblemNotice} problem=${all.problem ?? asked.problem} retry=${all.reload} />
            ${!items && !all.problem && html`<${Loading} />`}
            ${items && html`
                <div class="catalog">
                    <aside class="facets" aria-label="Filters">
                        ${facets.map((facet) => html`<${Facet} key=${facet.name} facet=${facet} chosen=${filters[facet.name]}
                            counts=${counts?.[facet.name] ?? []} />`)}
                    </aside>
                    <div onKeyDown=${moveAmongRows}>
                        ${!isFiltered && html`<${Recent} items=${all.data} />`}
                        <${Cards} items=${items} isFiltered=${isFiltered} />
                        ${list.more && html`<div class="table-foot">
                            <button type="button" class="button" onClick=${list.more}>Show more</button></div>`}
                        <p class="visually-hidden" role="status">${items.length} items</p>
                    </div>
                </div>`}
        <//>`;
}

/** The same words anywhere in what a card says, for a catalog that is here whole. */
function matches(item, { search, category, owner, tags }) {
    const text = [item.id, item.name, item.description, item.category, item.owner?.team, ...(item.tags ?? [])].join(' ').toLowerCase();
    return (!category || item.category === category) && (!owner || item.owner?.team === owner)
        && (!tags || item.tags?.includes(tags))
        && search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function sorted(items, sort) {
    const byName = (a, b) => a.name.localeCompare(b.name);
    const order = { '-name': (a, b) => byName(b, a), category: (a, b) => a.category.localeCompare(b.category) || byName(a, b) }[sort];
    return order ? items.toSorted(order) : items;
}

/** As the server's facets: for each filter its values with how many would be found with each, all other filters held. */
const countsOf = (items, filters) => Object.fromEntries(facets.map(({ name, valuesOf }) => {
    const counts = new Map();
    for (const item of items.filter((one) => matches(one, { ...filters, [name]: '' }))) {
        for (const value of valuesOf(item).filter(Boolean)) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return [name, [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))];
}));

/** The most frequent values, and the chosen one wherever it stands. */
function Facet({ facet: { name, title, wordOf }, chosen, counts }) {
    const [isWhole, setWhole] = useState(false);
    const values = counts.filter(({ value }, index) => isWhole || index < shownValues || value === chosen);
    if (!values.length) return null;
    return html`
        <div class="facet" role="group" aria-label=${title}>
            <h2>${title}</h2>
            ${values.map(({ value, count }) => html`
                <button type="button" key=${value} aria-pressed=${value === chosen ? 'true' : 'false'}
                    onClick=${() => setQuery({ [name]: value === chosen ? '' : value })}>
                    <span>${wordOf(value)}</span><span>${count}</span>
                </button>`)}
            ${values.length < counts.length && html`<button type="button" onClick=${() => setWhole(true)}>
                <span class="muted">All ${counts.length}</span></button>`}
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
                    onClick=${() => setQuery({ search: '', category: '', owner: '', tags: '' })}>Show the whole catalog</button>
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
