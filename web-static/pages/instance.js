import { Copy } from '../components/copy.js';
import { Graph } from '../components/graph.js';
import { Page, SubjectPage } from '../components/page.js';
import { ProblemNotice } from '../components/problem.js';
import { State } from '../components/state.js';
import { Time } from '../components/time.js';
import { hasValues, Values } from '../components/values.js';
import { path } from '../lib/api.js';
import { useEvents } from '../lib/events.js';
import { catalogIdOf, useItemNames } from '../lib/item-names.js';
import { html } from '../lib/preact.js';
import { useResource } from '../lib/resource.js';
import { exact } from '../lib/time.js';

const crumbs = [{ name: 'Instances', href: '/instances' }];

export default function InstancePage({ id }) {
    const instance = useResource(path`/instances/${id}`);
    const graph = useResource(path`/instances/${id}/graph`);
    const nameOf = useItemNames();
    useEvents(({ type, subject }) => (type === 'resync' || subject?.id === id) && instance.reload());
    if (!instance.data || (!graph.data && !graph.problem)) return html`<${SubjectPage} subject=${instance} crumbs=${crumbs} title="Instance" missing="No such instance" />`;
    const { name, state, catalogVersion, createdAt } = instance.data;
    const itemId = catalogIdOf(instance.data);
    return html`
        <${Page} title=${name} crumbs=${crumbs} headline=${html`
                <${State} family="instance" name=${state} />
                <a href=${path`/catalog/items/${itemId}`}>${nameOf(itemId)}</a><span class="muted">${catalogVersion}</span>
                <span class="muted">made <${Time} at=${createdAt} /></span><${Copy} text=${id} what="instance id" />`}>
            <div class="two">
                <div class="stack">
                    <${Section} title="Outputs" values=${instance.data.outputs}
                        none=${state === 'provisioning' ? 'They appear when it is made.' : 'It has none.'} />
                    <${Resources} resources=${instance.data.resources} />
                    <${Dependencies} graph=${graph} id=${id} />
                    <${Section} title="Parameters" values=${instance.data.parameters} none="It was made without parameters." />
                </div>
                <${About} instance=${instance.data} />
            </div>
        <//>`;
}

const Section = ({ title, values, none }) => html`
    <section class="panel" aria-label=${title}>
        <div class="panel-head"><h2>${title}</h2></div>
        <div class="panel-body">${hasValues(values) ? html`<${Values} values=${values} />` : html`<p class="muted">${none}</p>`}</div>
    </section>`;

/** Nothing for an instance that stands alone. */
function Dependencies({ graph: { data, problem, reload }, id }) {
    if (data?.edges.length === 0 && !data.partial) return null;
    return html`
        <section class="panel" aria-label="Dependencies">
            <div class="panel-head"><h2>Dependencies</h2><span class="small muted">What is on the left stands on what is on the right</span></div>
            <div class="panel-body">
                ${data ? html`<${Graph} graph=${data} id=${id} />` : html`<${ProblemNotice} problem=${problem} retry=${reload} />`}</div>
        </section>`;
}

function Resources({ resources }) {
    if (!resources?.length) return null;
    return html`
        <section class="panel" aria-label="Resources">
            <div class="panel-head"><h2>Resources</h2></div>
            <table><thead><tr><th scope="col">Type</th><th scope="col">Id</th></tr></thead>
                <tbody>${resources.map(({ type, id }) => html`<tr key=${`${type} ${id}`}><td>${type}</td><td>
                    <${Copy} text=${String(id)} what="resource id" /></td></tr>`)}</tbody></table>
        </section>`;
}

const About = ({ instance: { owner, requestId, createdAt, updatedAt } }) => html`
    <section class="panel" aria-label="About">
        <div class="panel-head"><h2>About</h2></div>
        <div class="panel-body"><dl class="facts">
            <dt>Team</dt><dd>${owner?.team}</dd>
            <dt>Owner</dt><dd>${owner?.user}${owner?.email && html`<br /><span class="muted small">${owner.email}</span>`}</dd>
            ${requestId && html`<dt>Request</dt><dd><a class="id" href=${path`/requests/${requestId}`}>${requestId}</a></dd>`}
            <dt>Made</dt><dd class="numbers">${exact(createdAt)}</dd>
            ${updatedAt && html`<dt>Changed</dt><dd class="numbers">${exact(updatedAt)}</dd>`}
        </dl></div>
    </section>`;
