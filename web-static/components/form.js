// DESIGN: a form made from the catalog's description. The values live in the page that shows it; this file holds what a
// person has seen of them: a field is judged when it was left, then at every keystroke, and all are judged at submit.
// Findings of the server stay beside their field until that field is changed.

import { effectiveValue, formFields, visibleAmong } from '../lib/conditions.js';
import { html, useMemo, useRef, useState } from '../lib/preact.js';
import { validate } from '../lib/validation.js';
import { Field, idOf } from './field.js';

/** What a form starts with: its defaults, and no for boxes that nothing was said about. */
export const startingValues = (form) => Object.fromEntries(formFields(form)
    .map((field) => [field.id, field.default ?? (field.type === 'boolean' ? false : undefined)])
    .filter(([, value]) => value !== undefined));

/** What of a form is wrong and to be seen. `check()` shows everything and answers whether it is valid. */
export function useForm(form, values) {
    const [touched, setTouched] = useState(new Set());
    const [isAllShown, setAllShown] = useState(false);
    const [refused, setRefused] = useState([]);
    const own = useMemo(() => validate(form, values), [form, values]);
    const standing = refused.filter((one) => one.value === valueAt(values, one.field));
    const faults = [...own, ...standing.filter((one) => !own.some(({ field }) => field === one.field))];
    const container = useRef();

    const focusFirst = (field) => requestAnimationFrame(() => {
        const target = field && container.current?.querySelector(`#${CSS.escape(idOf(field))}`);
        target?.focus();
        target?.scrollIntoView({ block: 'center' });
    });
    return {
        container,
        faults,
        isValid: own.length === 0,
        isShown: (path) => isAllShown || touched.has(path) || standing.some((one) => one.field === path),
        touch: (path) => setTouched((old) => (old.has(path) ? old : new Set(old).add(path))),
        check() {
            setAllShown(true);
            focusFirst(own[0]?.field);
            return own.length === 0;
        },
        /** Shows the findings of the server; answers those that belong to no field of this form. */
        refuse(errors) {
            const roots = new Set(formFields(form).map((field) => field.id));
            const [mine, others] = [[], []];
            for (const error of errors) (roots.has(rootOf(error.field)) ? mine : others).push(error);
            setRefused(mine.map((error) => ({ ...error, value: valueAt(values, error.field) })));
            focusFirst(mine[0]?.field);
            return others;
        },
    };
}

const rootOf = (field) => String(field ?? '').split(/[.[]/)[0];
const valueAt = (values, field) => values[rootOf(field)];

/** The visible groups and fields. `state` comes from useForm. */
export function FormFields({ form, values, onChange, state }) {
    const { fields: visible, valueOf } = visibleAmong(formFields(form), values);
    const groups = (form.groups ?? [])
        .map((group) => ({ ...group, fields: (group.fields ?? []).filter((field) => visible.includes(field) && !field.hidden) }))
        .filter((group) => group.fields.length);
    return html`
        <div class="form" ref=${state.container}>
            ${groups.map((group) => html`
                <section class="group" key=${group.id} aria-label=${group.name}>
                    ${(groups.length > 1 || group.description) && html`
                        <div class="group-head"><h2>${group.name}</h2>${group.description && html`<p>${group.description}</p>`}</div>`}
                    ${group.fields.map((field) => html`
                        <${Field} key=${field.id} field=${field} path=${field.id} value=${valueOfControl(field, values)} valueOf=${valueOf}
                            faults=${state.faults} isShown=${state.isShown} touch=${state.touch}
                            onChange=${(value) => onChange(field.id, value)} />`)}
                </section>`)}
        </div>`;
}

/** Readonly fields show what counts; others what was entered (an emptied one is empty, although its default counts). */
const valueOfControl = (field, values) => (field.readonly ? effectiveValue(field, values) : values[field.id]);
