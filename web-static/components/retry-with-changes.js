import { path, post } from '../lib/api.js';
import { formFields } from '../lib/conditions.js';
import { catalogIdOf } from '../lib/item-names.js';
import { html, useMemo, useState } from '../lib/preact.js';
import { useResource } from '../lib/resource.js';
import { keptValues } from '../lib/validation.js';
import { ActionDialog, Dialog } from './dialog.js';
import { FormFields, startingValues, useForm } from './form.js';
import { Loading } from './page.js';
import { ProblemNotice } from './problem.js';
import { isSealed } from './values.js';

/** The form of the request again, with its values; sealed ones stay as they are unless a new one is entered. */
export function RetryWithChanges(props) {
    const { request, onClose } = props;
    const schema = useResource(path`/catalog/items/${catalogIdOf(request)}/schema`);
    if (schema.data) return html`<${ChangeDialog} ...${props} form=${schema.data.form} />`;
    return html`<${Dialog} title="Retry with changes" onClose=${onClose}>
        ${schema.problem ? html`<${ProblemNotice} problem=${schema.problem} />` : html`<${Loading} />`}<//>`;
}

const withoutSealed = (data) => Object.fromEntries(Object.entries(data ?? {}).filter(([, value]) => !isSealed(value)));

/** The form with nothing required where a sealed value is already there. */
function relaxed(form, data) {
    const relax = (field) => (isSealed(data?.[field.id]) ? { ...field, required: false, placeholder: 'Unchanged' } : field);
    return { ...form, groups: form.groups.map((group) => ({ ...group, fields: group.fields.map(relax) })) };
}

function ChangeDialog({ request, action, explanation, form: asked, ...rest }) {
    const form = useMemo(() => relaxed(asked, request.requestData), [asked]);
    const known = new Set(formFields(form).map(({ id }) => id));
    const [values, setValues] = useState(() => ({
        ...startingValues(form),
        ...Object.fromEntries(Object.entries(withoutSealed(request.requestData)).filter(([id]) => known.has(id))),
    }));
    const state = useForm(form, values);
    const perform = async () => {
        if (!state.check()) throw new Error('Some values have to be corrected first.');
        try {
            return await post(path`/requests/${request.id}/retry`, { actionId: action.id, requestData: keptValues(form, values) });
        } catch (problem) {
            throw Object.assign(problem, { errors: state.refuse(problem.errors ?? []) });
        }
    };
    return html`
        <${ActionDialog} title="Retry with changes" verb="Retry with these values" perform=${perform} ...${rest}>
            <p>${explanation}</p>
            <${FormFields} form=${form} values=${values} state=${state}
                onChange=${(id, value) => setValues((old) => ({ ...old, [id]: value }))} />
        <//>`;
}
