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
import { html } from '../lib/preact.js';
import { useList } from '../lib/resource.js';
import { setQuery } from '../lib/router.js';

const filters = [
    { value: '', name: 'All' },
    { value: 'active', name: 'Active' },
    { value: 'degraded,failed', name: 'Needs attention' },
    { value: 'provisioning,updating,decommissioning', name: 'Changing' },
    { value: 'decommissioned', name: 'Removed' },
];

export default function InstancesPage({ query: { state = '', search = '', catalogItemId = '' } }) {
    const target = `/instances${queryOf({ state, search, catalogItemId })}`;
    const instances = useList(target);
    const nameOf = useItemNames();
    const isRead = instances.data && nameOf.isKnown;
    useEvents(({ type }) => ['instance.state', 'resync'].includes(type) && instances.reload());
    return html`
        <${Page} title="Instances" note="What completed requests left running.">
            <div class="filters"><${SearchField} label="Name" value=${search} onChange=${(text) => setQuery({ search: text })} /></div>
            <div class="filters">
                <${Chips} label="State" options=${filters} value=${state} onChange=${(value) => setQuery({ state: value })} />
                ${catalogItemId && html`<button type="button" class="chip" aria-pressed="true"
                    onClick=${() => setQuery({ catalogItemId: '' })} title="Show all services">${nameOf(catalogItemId)} ×</button>`}</div>
            <${ProblemNotice} problem=${instances.problem} retry=${instances.reload} />
            ${!isRead && !instances.problem && html`<${Loading} />`}
            ${isRead && instances.data.length === 0 && html`<${NoInstances} isFiltered=${Boolean(state || search || catalogItemId)} />`}
            ${isRead && instances.data.length > 0 && html`
                <${LiveRows} rows=${instances.data} filter=${target} label="Instances" head=${['Name', 'State', 'Service', 'Owner', 'Age']}
                    more=${instances.more} isMoreLoading=${instances.isMoreLoading} row=${(instance) => cells(instance, nameOf)} />`}
        <//>`;
}

const cells = (instance, nameOf) => html`
    <td><a href=${path`/instances/${instance.id}`} data-row>${instance.name}</a> <span class="id muted">${instance.id}</span></td>
    <td><${State} family="instance" name=${instance.state} /></td>
    <td class="muted">${nameOf(catalogIdOf(instance))} ${instance.catalogVersion}</td>
    <td class="muted">${instance.owner?.team ?? instance.owner?.user}</td>
    <td class="muted"><${Time} at=${instance.createdAt} /></td>`;

const NoInstances = ({ isFiltered }) => (isFiltered ? html`
    <${Empty} title="No such instances">
        <p>None of the instances you may see matches these filters.</p>
        <button type="button" class="button" onClick=${() => setQuery({ state: '', search: '', catalogItemId: '' })}>Show all instances</button>
    <//>` : html`
    <${Empty} title="No instances yet">
        <p>When a request is completed, what it made appears here with its endpoints, its owner and what can be done with it.</p>
        <a class="button primary" href="/catalog">Open the catalog</a>
        <code>pao request submit ITEM --wait</code>
    <//>`);
