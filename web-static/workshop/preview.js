import { FormFields, startingValues, useForm } from '../components/form.js';
import { html, useState } from '../lib/preact.js';
import { asText } from '../components/steps.js';

/** The form as people will see it. What is entered here fills the templates. */
export function FormPreview({ form, values, onChange }) {
    const state = useForm(form, values);
    return html`
        <div class="panel-body stack">
            <p class="small muted">Fill it in: the templates are rendered with these values.</p>
            <${FormFields} form=${form} values=${{ ...startingValues(form), ...values }} state=${state} onChange=${onChange} />
        </div>`;
}

/** "actions.site.config.body.name" -> ["Step site", "body.name"], "manual.ticket.config.title" -> ["Manual ticket", "title"]. */
function placeOf(path) {
    const [first, second, , ...rest] = path.split('.');
    const list = { actions: 'Step', automatic: 'Step', manual: 'Manual', decommission: 'Decommission', rollback: 'Rollback', components: 'Component',
        fields: 'Field' }[first];
    if (list) return [`${list} ${second}`, rest.join('.')];
    return first === 'instance' ? ['Instance', path.split('.').slice(1).join('.')] : ['Start', path];
}

function groupsOf(renderings) {
    const groups = new Map();
    for (const rendering of renderings) {
        const [name, place] = placeOf(rendering.path);
        groups.set(name, [...(groups.get(name) ?? []), { ...rendering, place }]);
    }
    return [...groups];
}

/** Each template with what becomes of it, and what it asks for that is not known. */
export function Renderings({ renderings, scope, onScope }) {
    return html`
        <div class="panel-body stack">
            <${Scope} scope=${scope} onScope=${onScope} />
            ${renderings.length === 0 && html`<p class="muted">The document has no templates.</p>`}
            ${groupsOf(renderings).map(([name, rows]) => html`
                <section key=${name} aria-label=${name}>
                    <h2 class="renderings-title">${name}</h2>
                    <dl class="renderings">${rows.map(({ path, place, template, value, missing }) => html`
                        <dt key=${`${path}-place`} class="id small" title=${template}>${place}</dt>
                        <dd key=${path}>${missing.length
                            ? html`<code class="muted">${template}</code>
                                <span class="small tone-warn">${missing.join(', ')} not known here</span>`
                            : html`<code>${asText(value)}</code>`}</dd>`)}</dl>
                </section>`)}
        </div>`;
}

/** Values that only a run knows, such as the outputs of steps. */
function Scope({ scope, onScope }) {
    const [text, setText] = useState(scope);
    const change = (event) => {
        setText(event.currentTarget.value);
        onScope(event.currentTarget.value);
    };
    return html`
        <details>
            <summary>Values that only a run knows</summary>
            <div class="field">
                <label for="scope">Further values as JSON</label>
                <textarea id="scope" class="input short mono" rows="3" spellcheck=${false} value=${text} onInput=${change}
                    aria-invalid=${scopeOf(text) ? undefined : 'true'} placeholder='{"outputs": {"site": {"id": "s-1"}}}'
                    aria-describedby="scope-help"></textarea>
                <p class=${scopeOf(text) ? 'help' : 'fault'} id="scope-help">${scopeOf(text)
                    ? 'Outputs of steps by step, secrets by name.' : 'This is no JSON object yet.'}</p>
            </div>
        </details>`;
}

/** The object of the text; undefined where it is none. */
export function scopeOf(text) {
    if (!text.trim()) return {};
    try {
        const value = JSON.parse(text);
        return value && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
    } catch {
        return undefined;
    }
}
