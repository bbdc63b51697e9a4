import { Icon } from '../components/icon.js';
import { Empty, Loading, Page } from '../components/page.js';
import { ProblemNotice } from '../components/problem.js';
import { Tabs } from '../components/tabs.js';
import { Time } from '../components/time.js';
import { get, path, post } from '../lib/api.js';
import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { setQuery } from '../lib/router.js';
import { may, session } from '../lib/session.js';
import { readStored, writeStored } from '../lib/storage.js';
import { keptValues } from '../lib/validation.js';
import { Difference } from '../workshop/difference.js';
import { OpenDialog, PublishDialog } from '../workshop/dialogs.js';
import { Editor } from '../workshop/editor.js';
import { FormPreview, Renderings, scopeOf } from '../workshop/preview.js';

const checkDelay = 400;
const draftKey = () => `pao.workshop.${session.get().user?.login}`;

/** `{path, text, at}`: the one text of this person in this browser. */
const readDraft = () => {
    const draft = readStored(draftKey(), undefined);
    return typeof draft?.text === 'string' && typeof draft.path === 'string' ? draft : undefined;
};

export default function WorkshopPage({ query: { item, tab } }) {
    const [opened, setOpened] = useState(() => (item ? undefined : readDraft()));
    const [problem, setProblem] = useState();
    const [floating, setFloating] = useState();
    const close = () => setFloating(undefined);
    const open = (file) => {
        setOpened({ ...file, isFresh: true, id: Date.now() });
        setQuery({ item: '' });
        close();
    };
    const read = () => {
        setProblem(undefined);
        get(path`/catalog/items/${item}/source`).then(open, setProblem);
    };
    useEffect(() => { if (item) read(); }, [item]);
    const actions = html`
        <button type="button" class="button" onClick=${() => setFloating('open')}>Open…</button>
        ${opened && may('catalog.publish') && html`
            <button type="button" class="button primary" onClick=${() => setFloating('publish')}>Publish…</button>`}`;
    return html`
        <${Page} title="Workshop" note="Write a document of the catalog, and see what becomes of it before anybody else does." actions=${actions}>
            <${ProblemNotice} problem=${problem} retry=${read} />
            ${item && !problem && html`<${Loading} />`}
            ${!item && !opened && html`
                <${Empty} title="Nothing is open">
                    <p>Open a document of the catalog, or begin with a commented one. What you write stays in this browser.</p>
                    <button type="button" class="button primary" onClick=${() => setFloating('open')}>Open…</button>
                    <code>pao catalog init item catalog/databases</code>
                <//>`}
            ${opened && html`<${Bench} key=${opened.id} opened=${opened} tab=${tab} floating=${floating} onClose=${close}
                onDiscard=${() => {
                    writeStored(draftKey(), undefined);
                    setOpened(undefined);
                }} />`}
            ${floating === 'open' && html`<${OpenDialog} isReplacing=${Boolean(opened)} onOpen=${open} onClose=${close} />`}
        <//>`;
}

function Bench({ opened, tab, floating, onClose, onDiscard }) {
    const [text, setText] = useState(opened.text);
    const [place, setPlace] = useState(opened.path);
    const [values, setValues] = useState({});
    const [scope, setScope] = useState('');
    const isKept = useRef(!opened.isFresh);
    const checked = useChecks(text, place);
    const renderings = useRenderings(checked, values, scope);
    useEffect(() => {
        if (text === opened.text && !isKept.current) return undefined;
        isKept.current = true;
        const timer = setTimeout(() => writeStored(draftKey(), { path: place, text, at: new Date().toISOString() }), 300);
        return () => clearTimeout(timer);
    }, [text, place]);
    const isStale = checked.text !== checked.formText;
    const isDrawn = useRef(false);
    isDrawn.current ||= Boolean(checked.problem || (checked.findings && (tab !== 'templates' || !checked.form || renderings)));
    if (!isDrawn.current) return html`<${Loading} what="Checking" />`;
    const tabs = [
        { id: 'form', name: 'Form', content: () => html`<${FormPreview} form=${checked.form}
            values=${values} onChange=${(id, value) => setValues((old) => ({ ...old, [id]: value }))} />` },
        { id: 'templates', name: 'Templates', content: () => (renderings
            ? html`<${Renderings} renderings=${renderings} scope=${scope} onScope=${setScope} />` : html`<${Loading} />`) },
    ];
    return html`
        <div class="stack">
            ${!opened.isFresh && html`
                <div class="notice run"><${Icon} name="draft" /><div class="row wrap apart">
                    <span>Your text from <${Time} at=${opened.at} />, kept in this browser.</span>
                    <button type="button" class="button" onClick=${onDiscard}>Discard it</button></div></div>`}
            <p class="id muted">${place}</p>
            <${ProblemNotice} problem=${checked.problem} retry=${checked.retry} />
            <div class="bench">
                <${Editor} text=${text} onInput=${setText} findings=${checked.findings} isChecking=${checked.isChecking} />
                <section class="panel" aria-label="Preview">
                    ${checked.form ? html`
                        ${isStale && html`<p class="panel-body small tone-warn">From your last text without errors.</p>`}
                        <${Tabs} label="Preview" chosen=${tab} onChoose=${(id) => setQuery({ tab: id })} tabs=${tabs} />`
                        : html`<p class="panel-body muted">The form appears when the document has no errors.</p>`}
                </section>
            </div>
            <${Difference} difference=${checked.difference} isValid=${!checked.findings || checked.isValid} />
            ${floating === 'publish' && html`<${PublishDialog} place=${place} text=${text} onPlace=${setPlace} onClose=${onClose} />`}
        </div>`;
}

/**
 * What the server says of the text, a moment after the last key: `{findings, isValid, form, difference, isChecking}`. The form is that
 * of the last text without errors, `formText`.
 */
function useChecks(text, place) {
    const [state, setState] = useState({});
    const [turn, setTurn] = useState(0);
    useEffect(() => {
        const control = new AbortController();
        setState((old) => ({ ...old, isChecking: true }));
        const timer = setTimeout(async () => {
            try {
                const [{ valid, findings }, difference] = await Promise.all([
                    post('/validate/catalog-item', text, control), post('/catalog/diff', { files: [{ path: place, text }] }, control)]);
                const form = valid ? (await post('/preview/form', text, control)).form : undefined;
                setState((old) => ({
                    text, findings, isValid: valid, difference, isChecking: false,
                    form: form ?? old.form, formText: form ? text : old.formText,
                }));
            } catch (problem) {
                if (!control.signal.aborted) setState((old) => ({ ...old, problem, isChecking: false }));
            }
        }, state.text === undefined ? 0 : checkDelay);
        return () => {
            clearTimeout(timer);
            control.abort();
        };
    }, [text, place, turn]);
    return { ...state, retry: () => setTurn(turn + 1) };
}

/** Every template of the last text without errors, with the values of the preview. */
function useRenderings({ form, formText }, values, scope) {
    const [renderings, setRenderings] = useState();
    useEffect(() => {
        const further = scopeOf(scope);
        if (!form || !further) return undefined;
        const control = new AbortController();
        const timer = setTimeout(() => {
            post('/test/variables', { document: formText, requestData: keptValues(form, values), scope: further }, control)
                .then((answer) => setRenderings(answer.renderings), () => {});
        }, renderings ? checkDelay : 0);
        return () => {
            clearTimeout(timer);
            control.abort();
        };
    }, [form, formText, values, scope]);
    return renderings;
}
