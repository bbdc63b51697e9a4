import { Chips } from '../components/chips.js';
import { Empty, Loading, Page } from '../components/page.js';
import { ProblemNotice } from '../components/problem.js';
import { Time } from '../components/time.js';
import { query as queryOf } from '../lib/api.js';
import { useItemNames } from '../lib/item-names.js';
import { html } from '../lib/preact.js';
import { useResource } from '../lib/resource.js';
import { setQuery } from '../lib/router.js';
import { duration } from '../lib/time.js';

const spans = [{ value: '7', name: '7 days' }, { value: '', name: '30 days' }, { value: '90', name: '90 days' }];
const dayLength = 86_400_000;
// Which requests an outcome means.
const statuses = {
    completed: 'completed', attention: 'failed,escalated', ended: 'rejected,aborted,cancelled',
    open: 'submitted,validating,pending_approval,queued,in_progress,resuming',
};
const outcomes = [['attention', 'fail'], ['completed', 'ok'], ['ended', 'muted'], ['open', 'run']];

export default function InsightsPage({ query: { days = '' } }) {
    const report = useResource(`/insights?days=${spans.some(({ value }) => value === days) && days || 30}`, { keep: true });
    const nameOf = useItemNames();
    const isRead = report.data && nameOf.isKnown;
    const { services, waiting, from } = report.data ?? {};
    return html`
        <${Page} title="Insights" note="How long services take, how often and where they fail, and what waits for people.">
            <${ProblemNotice} problem=${report.problem} retry=${report.reload} />
            ${!isRead && !report.problem && html`<${Loading} />`}
            ${isRead && html`
                <section class="tiles" aria-label="Waits for people">
                    <${Tile} name="Approvals" href="/approvals" of=${waiting.approvals} />
                    <${Tile} name="Tickets" href="/tickets" of=${waiting.tickets} />
                    <${Tile} name="Failures to decide on" href="/requests?status=failed,escalated" of=${waiting.decisions} />
                </section>
                <div class="filters"><${Chips} label="Requests of the last" options=${spans} value=${days}
                    onChange=${(value) => setQuery({ days: value })} /></div>
                ${services.length === 0 && html`
                    <${Empty} title="No requests in these days"><p>Each service that is asked for gets its own picture here.</p>
                        <a class="button primary" href="/catalog">Open the catalog</a><//>`}
                <div class="cards-grid">${services.map((service) => html`
                    <${Service} key=${idOf(service)} service=${service} from=${from} name=${nameOf(idOf(service))} />`)}</div>`}
        <//>`;
}

const idOf = ({ catalogItemId, catalogBundleId }) => catalogItemId ?? catalogBundleId;

const lengthOf = (seconds) => (seconds ? duration(seconds * 1000) : 'less than a second');

const Tile = ({ name, href, of: { count, since } }) => html`
    <a class="tile" href=${href}><span class="display numbers">${count}</span><span>${name}</span>
        <span class="small muted">${since ? html`the oldest <${Time} at=${since} />` : 'Nothing waits.'}</span></a>`;

/** One service: its days, then the numbers, each a link to its requests. */
function Service({ service, from, name }) {
    const { catalogItemId, catalogBundleId, total, medianSeconds, p90Seconds, weakestAction } = service;
    const rows = (more) => `/requests${queryOf({ catalogItemId, catalogBundleId, createdAfter: from, ...more })}`;
    const number = (outcome, one, many) => service[outcome] > 0 && html`
        <li><a href=${rows({ status: statuses[outcome] })}>${service[outcome]} ${service[outcome] === 1 ? one : many}</a></li>`;
    return html`
        <article class="panel panel-body stack tight" aria-label=${name}>
            <h2><a href=${rows({})}>${name}</a></h2>
            <${Days} days=${service.days} from=${from} />
            <p>${medianSeconds === null ? html`<span class="muted">None is completed yet.</span>` : html`
                Usually <b>${lengthOf(medianSeconds)}</b>${p90Seconds > medianSeconds && `, one in ten longer than ${lengthOf(p90Seconds)}`}.`}</p>
            <ul class="small">
                <li><a href=${rows({})}>${total} ${total === 1 ? 'request' : 'requests'}</a></li>
                ${number('completed', 'completed', 'completed')}
                ${number('attention', 'needs a decision', 'need a decision')}
                ${number('ended', 'ended early', 'ended early')}
                ${number('open', 'under way', 'under way')}
                ${weakestAction && html`<li>Fails most at <a href=${rows({ failedAction: weakestAction.id })}>
                    ${weakestAction.name}, ${weakestAction.requests} ${weakestAction.requests === 1 ? 'request' : 'requests'}</a></li>`}
            </ul>
        </article>`;
}

/** A bar per day (UTC), what became of its requests from the ground up: failed, completed, ended early, under way. */
function Days({ days, from }) {
    const first = Date.parse(from.slice(0, 10));
    const count = Math.floor((Date.now() - first) / dayLength) + 1;
    const list = Array.from({ length: count }, (_, index) => new Date(first + index * dayLength).toISOString().slice(0, 10));
    const totalOf = (day) => outcomes.reduce((sum, [name]) => sum + (days[day]?.[name] ?? 0), 0);
    const most = Math.max(1, ...list.map(totalOf));
    const bars = list.flatMap((day, index) => {
        let top = 40;
        return outcomes.filter(([name]) => days[day]?.[name]).map(([name, tone]) => {
            const height = (days[day][name] / most) * 38;
            top -= height;
            return html`<rect key=${day + name} class=${`tone-${tone}`} x=${index * 10 + 1} y=${top} width="8" height=${height}
                fill="currentColor"><title>${day}: ${days[day][name]} ${name}</title></rect>`;
        });
    });
    return html`
        <svg class="days" viewBox=${`0 0 ${count * 10} 41`} preserveAspectRatio="none" role="img"
            aria-label=${`Requests per day since ${list[0]}, at most ${most}`}>
            ${bars}<path d=${`M0 40.5H${count * 10}`} class="edge" /></svg>`;
}
