import { visibleAmong } from '../lib/conditions.js';
import { html } from '../lib/preact.js';
import { Field } from '../components/field.js';

/** The fields of `properties`, in a frame. Without any, nothing can be asked here. */
export default function ObjectField(control) {
    const { field, value, onChange, path, id, shared } = control;
    const current = value && typeof value === 'object' ? value : {};
    const { fields } = visibleAmong(field.properties ?? [], current, shared.valueOf);
    return html`
        <div class="nested" id=${id} role="group" aria-labelledby=${`${id}-label`} aria-describedby=${control.describedBy} tabindex="-1">
            ${fields.filter((one) => !one.hidden).map((one) => html`
                <${Field} ...${shared} key=${one.id} field=${one} path=${`${path}.${one.id}`} value=${current[one.id]}
                    onChange=${(next) => onChange(withValue(current, one.id, next))} />`)}
        </div>`;
}

/** A group with nothing in it is absent, as an untouched one. */
function withValue(group, key, value) {
    const { [key]: _, ...rest } = group;
    const next = value === undefined ? rest : { ...rest, [key]: value };
    return Object.keys(next).length ? next : undefined;
}

ObjectField.isGroup = true;
