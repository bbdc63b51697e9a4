import { BatchDialog } from '../components/batch.js';
import { Chips } from '../components/chips.js';
import { LiveRows } from '../components/live-rows.js';
import { Empty, Loading, Page } from '../components/page.js';
import { ProblemNotice } from '../components/problem.js';
import { SearchField } from '../components/search-field.js';
import { State } from '../components/state.js';
import { Time } from '../components/time.js';
import { path, query as queryOf } from '../lib/api.js';
import { useEvents } from '../lib/events.js';
import { catalogIdOf, useItemNames } from '../lib/item-names.js';
import { html, useState } from '../lib/preact.js';
import { useList } from '../lib/resource.js';
import { setQuery } from '../lib/router.js';
import { may } from '../lib/session.js';

const filters = [
    { value: '', name: 'All' },
    { value: 'failed,escalated', name: 'Needs attention' },
    { value: 'submitted,validating,queued,in_progress,resuming', name: 'Running' },
    { value: 'pending_approval', name: 'Waits for approval' },
    { value: 'completed', name: 'Completed' },
    { value: 'rejected,aborted,cancelled', name: 'Ended early' },
];

// Filters that other pages link to.
const narrowed = {
    catalogItemId: (id, nameOf) => nameOf(id),
    catalogBundleId: (id, nameOf) => nameOf(id),
    failedAction: (id) => `Failed at ${id}`,
    createdAfter: (at) => `Since ${at.slice(0, 10)}`,
};
const filterKeys = ['status', 'mine', 'search', ...Object.keys(narrowed)];

export default function RequestsPage({ query }) {
    const { status = '', mine = '', search = '' } = query;
    const filter = Object.fromEntries(filterKeys.map((key) => [key, query[key]]));
    const target = `/requests${queryOf(filter)}`;
    const [isBatch, setBatch] = useState(false);
    const requests = useList(target);
    const nameOf = useItemNames();
    const isRead = requests.data && nameOf.isKnown;
    useEvents(({ type }) => ['request.status', 'request.step', 'resync'].includes(type) && requests.reload());
    return html`
        <${Page} title="Requests" actions=${may('requests.create') && html`
            <button type="button" class="button" onClick=${() => setBatch(true)}>Submit several…</button>`}>
            ${isBatch && html`<${BatchDialog} onClose=${() => setBatch(false)} onSubmitted=${requests.reload} />`}
            <div class="filters">
                <${SearchField} label="Id or name of the instance" value=${search} onChange=${(text) => setQuery({ search: text })} />
            </div>
            <div class="filters">
                <${Chips} label="Status" options=${filters} value=${status} onChange=${(value) => setQuery({ status: value })} />
                <button type="button" class="chip" aria-pressed=${mine ? 'true' : 'false'}
                    onClick=${() => setQuery({ mine: mine ? '' : 'true' })}>Only mine</button>
                ${Object.entries(narrowed).filter(([key]) => query[key]).map(([key, words]) => html`
                    <button type="button" class="chip" key=${key} aria-pressed="true" onClick=${() => setQuery({ [key]: '' })}
                        title="Show all again">${words(query[key], nameOf)} ×</button>`)}
            </div>
            <${ProblemNotice} problem=${requests.problem} retry=${requests.reload} />
            ${!isRead && !requests.problem && html`<${Loading} />`}
            ${isRead && requests.data.length === 0 && html`<${NoRequests} isFiltered=${Object.values(filter).some(Boolean)} />`}
            ${isRead && requests.data.length > 0 && html`
                <${LiveRows} rows=${requests.data} filter=${target} label="Requests"
                    head=${['Request', 'State', 'Steps', 'Team', 'Requested by', 'Made']}
                    more=${requests.more} isMoreLoading=${requests.isMoreLoading} row=${(request) => cells(request, nameOf)} />`}
        <//>`;
}

const cells = (request, nameOf) => html`
    <td><a href=${path`/requests/${request.id}`} data-row>${nameOf(catalogIdOf(request))}</a> <span class="id muted">${request.id}
        </span></td>
    <td><${State} family="request" name=${request.status} word=${request.stopping ? 'Stopping' : undefined} /></td>
    <td class="muted">${progressOf(request)}</td>
    <td class="muted">${request.team}</td>
    <td class="muted">${request.userId}</td>
    <td class="muted"><${Time} at=${request.createdAt} /></td>`;

const progressOf = ({ progress }) => (progress?.total ? `${progress.completed} of ${progress.total}` : '');

const NoRequests = ({ isFiltered }) => (isFiltered ? html`
    <${Empty} title="No such requests">
        <p>None of the requests you may see matches these filters.</p>
        <button type="button" class="button"
            onClick=${() => setQuery(Object.fromEntries(filterKeys.map((key) => [key, ''])))}>Show all requests</button>
    <//>` : html`
    <${Empty} title="No requests yet">
        <p>Each service you ask for becomes a request, with its steps, logs and results in one place.</p>
        <a class="button primary" href="/catalog">Open the catalog</a>
        <code>pao request submit ITEM --field name=value</code>
    <//>`);
