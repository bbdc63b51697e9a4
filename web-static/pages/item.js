import { ActionDialog, TextField } from '../components/dialog.js';
import { FormFields, startingValues, useForm } from '../components/form.js';
import { Icon } from '../components/icon.js';
import { Page, SubjectPage } from '../components/page.js';
import { Plan } from '../components/plan.js';
import { ProblemNotice } from '../components/problem.js';
import { Time } from '../components/time.js';
import { say } from '../components/toast.js';
import { idempotencyKey, path, post } from '../lib/api.js';
import { formFields } from '../lib/conditions.js';
import { dropDraft, readDraft, writeDraft } from '../lib/drafts.js';
import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { rememberItem } from '../lib/recent.js';
import { useAction, useResource } from '../lib/resource.js';
import { navigate } from '../lib/router.js';
import { may, session } from '../lib/session.js';
import { sentence } from '../lib/states.js';
import { about } from '../lib/time.js';
import { keptValues } from '../lib/validation.js';

const crumbs = [{ name: 'Catalog', href: '/catalog' }];
const planDelay = 400;
const draftDelay = 300;

export default function ItemPage({ id, query }) {
    const item = useResource(path`/catalog/items/${id}`);
    const schema = useResource(path`/catalog/items/${id}/schema`);
    const cloned = useResource(query.clone ? path`/requests/${query.clone}` : undefined);
    const templates = useResource(path`/request-templates?catalogItemId=${id}&limit=50`);
    const isReady = item.data && schema.data && (!query.clone || cloned.data || cloned.problem) && (templates.data || templates.problem);
    if (!isReady) return html`<${SubjectPage} subject=${item.problem ? item : schema} crumbs=${crumbs} title="Catalog item"
        missing="No such item in the catalog" />`;
    return html`<${Item} key=${query.clone} item=${item.data} form=${schema.data.form} cloned=${cloned.data}
        templates=${templates} />`;
}

function Item({ item, form, cloned, templates }) {
    const status = item.lifecycle?.status ?? 'active';
    return html`
        <${Page} title=${item.name} crumbs=${crumbs} note=${item.description}>
            <div class="item">
                <${RequestForm} item=${item} form=${form} cloned=${cloned} templates=${templates}
                    isOffered=${status !== 'retired'} />
            </div>
        <//>`;
}

function About({ item }) {
    const facts = [
        ['Owner', item.owner?.team],
        ['Contact', item.owner?.contact],
        item.components ? ['Holds', `${item.components.length} services`] : ['Done', byWhom(item)],
        ['Takes', item.typicalDuration && about(item.typicalDuration)],
        ['Service level', item.sla && Object.entries(item.sla).map(([key, value]) => `${sentence(key)} ${value}`).join(', ')],
        ['Version', item.version],
        ['Tags', item.tags?.join(', ')],
    ].filter(([, value]) => value);
    return html`<dl class="facts">
        ${facts.map(([name, value]) => html`<dt key=${`${name}-name`}>${name}</dt><dd key=${name}>${value}</dd>`)}
        ${may('catalog.publish') && html`<dt>Document</dt><dd><a href=${`/workshop?item=${encodeURIComponent(item.id)}`}>Open in the workshop</a></dd>`}
    </dl>`;
}

const byWhom = ({ mode }) => (mode === 'automatic' ? 'Automatically' : 'By hand');

function LifecycleNotice({ lifecycle, stale }) {
    const isLeaving = lifecycle && lifecycle.status !== 'active';
    if (!isLeaving && !stale) return null;
    return html`
        <div class="notice warn"><${Icon} name="warning" /><div>
            ${isLeaving && html`<p>This service is ${lifecycle.status}.</p>`}
            ${isLeaving && lifecycle.replacedBy && html`
                <p>Use <a href=${path`/catalog/items/${lifecycle.replacedBy}`}>${lifecycle.replacedBy}</a> instead.</p>`}
            ${stale && html`<p>Its document has errors now. This is the last version that had none.</p>`}
        </div></div>`;
}

/** `startAfter`: local date and time as the field has it, or empty. */
const submissionOf = (item, form, values, startAfter) => ({
    [item.kind === 'CatalogBundle' ? 'catalogBundleId' : 'catalogItemId']: item.id,
    requestData: keptValues(form, values),
    ...(startAfter ? { startAfter: new Date(startAfter).toISOString() } : {}),
});

/** What stands in for the plan until there is one: a bundle's parts, an item's steps. */
const outlineOf = ({ components, actions }) =>
    components?.map(({ id, name, catalogItem }) => ({ id, name: name ?? catalogItem, type: 'service' })) ?? actions ?? [];

/** Values start from the request that is asked for again, else from the draft, else from the defaults. */
function firstValues(form, cloned, draft) {
    const defaults = startingValues(form);
    const given = cloned?.requestData ?? draft?.values ?? {};
    const fields = formFields(form).filter(({ type, id, readonly }) => type !== 'password' && !readonly && given[id] !== undefined);
    return { ...defaults, ...Object.fromEntries(fields.map(({ id }) => [id, given[id]])) };
}

function RequestForm({ item, form, cloned, templates, isOffered }) {
    const user = session.get().user?.login;
    const [draft, setDraft] = useState(() => (cloned ? undefined : readDraft(user, item.id)));
    const [values, setValues] = useState(() => firstValues(form, cloned, draft));
    const [startAfter, setStartAfter] = useState('');
    const [isNaming, setNaming] = useState(false);
    const [isRefused, setRefused] = useState(false);
    const isChanged = useRef(false);
    const key = useRef(idempotencyKey());
    const state = useForm(form, values);
    const plan = usePlan(item, form, values, state.isValid && isOffered);

    const change = (id, value) => {
        isChanged.current = true;
        setValues((old) => ({ ...old, [id]: value }));
    };
    useEffect(() => {
        if (!isChanged.current) return undefined;
        key.current = idempotencyKey();
        const timer = setTimeout(() => writeDraft(user, item.id, form, values), draftDelay);
        return () => clearTimeout(timer);
    }, [values, startAfter]);

    const discard = () => {
        isChanged.current = false;
        dropDraft(user, item.id);
        setDraft(undefined);
        setValues(startingValues(form));
    };
    const { run, isBusy, problem } = useAction(async () => {
        try {
            const made = await post('/requests', submissionOf(item, form, values, startAfter), { headers: { 'Idempotency-Key': key.current } });
            isChanged.current = false;
            dropDraft(user, item.id);
            rememberItem(user, item.id);
            say('Request submitted');
            navigate(path`/requests/${made.id}`);
        } catch (refusal) {
            const rest = state.refuse(refusal.errors ?? []);
            if (!refusal.errors?.length || rest.length) throw Object.assign(refusal, { errors: rest });
            setRefused(true);
        }
    });
    const submit = (event) => {
        event.preventDefault();
        setRefused(false);
        if (state.check()) run();
    };
    return html`
        <aside class="item-about">
            <${LifecycleNotice} lifecycle=${item.lifecycle} stale=${item.stale} />
            <${About} item=${item} />
            <section class="panel" aria-labelledby="plan-title">
                <div class="panel-head"><h2 id="plan-title">What will happen</h2></div>
                <div class="panel-body stack">
                    <${Approvals} approvals=${item.approvals} />
                    <${Plan} steps=${plan?.length ? plan : outlineOf(item)} />
                    ${!plan && isOffered && html`<p class="small muted">Fill in the form to see what each step sends.</p>`}
                </div>
            </section>
        </aside>
        <form class="request-form" onSubmit=${submit} noValidate aria-label=${`Request ${item.name}`}>
            ${draft && html`
                <div class="notice run"><${Icon} name="draft" /><div class="row wrap apart">
                    <span>Your draft from <${Time} at=${draft.at} /> is filled in. Passwords are never kept.</span>
                    <button type="button" class="button" onClick=${discard}>Start over</button>
                </div></div>`}
            ${cloned && html`
                <div class="notice run"><${Icon} name="copy" /><div>
                    Filled in from <a href=${path`/requests/${cloned.id}`}>${cloned.id}</a>. Passwords have to be entered again.
                </div></div>`}
            <${TemplateChoice} templates=${templates.data?.data} onChoose=${({ requestData }) => {
                isChanged.current = true;
                setValues(firstValues(form, { requestData }));
            }} />
            <div class="panel panel-body"><${FormFields} form=${form} values=${values} onChange=${change} state=${state} /></div>
            <${ProblemNotice} problem=${problem} />
            ${isRefused && state.faults.length > 0 && html`
                <p class="fault" role="alert"><${Icon} name="warning" />
                    The server found something in ${state.faults.length === 1 ? 'one field' : `${state.faults.length} fields`}.
                    ${' '}Correct it and submit again.
                </p>`}
            ${isOffered && html`
                <details><summary>Start later</summary>
                    <div class="field"><label for="start-after">Not before</label>
                        <input id="start-after" type="datetime-local" class="input narrow" value=${startAfter}
                            onInput=${(event) => setStartAfter(event.currentTarget.value)} />
                        <p class="help">In your own time zone. Approvals and checks come before.</p></div></details>
                <div class="form-foot">
                    <button class="button primary" aria-disabled=${isBusy ? 'true' : 'false'}>Request ${item.name}</button>
                    <button type="button" class="button plain" onClick=${() => setNaming(true)}>Save as template…</button>
                    <span class="small muted">${startAfter ? 'Starts at the time you chose.' : footNote(item)}</span>
                </div>`}
        </form>
        ${isNaming && html`<${TemplateDialog} item=${item} requestData=${keptValues(form, values)} onClose=${() => setNaming(false)}
                onDone=${() => {
                    setNaming(false);
                    say('Template saved');
                    templates.reload();
                }} />`}`;
}

/** Forms that the team has kept. */
function TemplateChoice({ templates, onChoose }) {
    if (!templates?.length) return null;
    const choose = (event) => {
        const chosen = templates.find(({ id }) => id === event.currentTarget.value);
        if (chosen) onChoose(chosen);
    };
    return html`
        <div class="field"><label for="template">Fill in from a template</label>
            <select id="template" class="input" onChange=${choose}><option value="">None</option>
                ${templates.map(({ id, name, userId }) => html`<option key=${id} value=${id}>${name}, by ${userId}</option>`)}</select></div>`;
}

function TemplateDialog({ item, requestData, ...rest }) {
    const [name, setName] = useState('');
    return html`
        <${ActionDialog} title="Save as template" verb="Save"
            perform=${() => post('/request-templates', { name: name.trim(), catalogItemId: item.id, requestData })} ...${rest}>
            <p>Your team can fill in this form from it. Passwords are not kept.</p>
            <${TextField} id="template-name" label="Name" value=${name} onInput=${setName} />
        <//>`;
}

function footNote({ approvals, components, mode }) {
    if (approvals?.length) return 'Starts when it is approved, where that applies.';
    return mode === 'automatic' || components ? 'Starts at once.' : 'Opens a ticket for the owner.';
}

function Approvals({ approvals }) {
    if (!approvals?.length) return null;
    return html`
        <ul class="stack tight">${approvals.map((gate, index) => html`
            <li class="row" key=${index}>
                <span class="tag">Approval</span><span>${gate.name ?? sentence(gate.role)}${gate.team && ` of ${gate.team}`}</span>
            </li>`)}</ul>`;
}

/** The dry run of valid values, a moment after the last key; undefined before the first. Stays while the next one is made. */
function usePlan(item, form, values, isAsked) {
    const [plan, setPlan] = useState();
    useEffect(() => {
        if (!isAsked) return setPlan(undefined);
        const control = new AbortController();
        const timer = setTimeout(async () => {
            const answer = await post('/requests?dryRun=true', submissionOf(item, form, values), control).catch(() => undefined);
            if (!control.signal.aborted) setPlan(answer?.plan);
        }, planDelay);
        return () => {
            clearTimeout(timer);
            control.abort();
        };
    }, [values, isAsked]);
    return plan;
}
