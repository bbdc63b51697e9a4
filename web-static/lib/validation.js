// DESIGN: the browser's half of the form rules. Pure functions over the form JSON of /catalog/items/{id}/schema.
// The server decides; this half tells a person the same while typing. Both run Tests/CatalogTests/Fixtures/form-cases.json.
//
// - No value: absent or null; an empty text; an empty list. Then the default counts; where there is none, only `required` can break.
// - A value of the wrong type breaks `type` and nothing else. Else every broken rule is reported, in the order of rules.js.
// - Fields are named by id, inside lists and objects by path: `secrets[0].key`.
// - Values of hidden fields are dropped without a word; a key that no field has breaks `unknown`.

import { effectiveValue, formFields, isEmpty, visibleAmong } from './conditions.js';
import { brokenRules, typeFault } from './rules.js';

export { visibleFields } from './conditions.js';

/** `[{field, rule, message}]` in the order of the form; unknown keys last. */
export const validate = (form, values) => checkFields(formFields(form), values ?? {}, '');

/** What one field breaks, those inside it included. */
export const validateField = (form, values, id) => {
    const field = formFields(form).find((one) => one.id === id);
    const visible = visibleAmong(formFields(form), values);
    return field && visible.fields.includes(field) ? checkField(field, effectiveValue(field, values), field.id, visible.valueOf) : [];
};

/** What is sent: visible fields with a value; an emptied one only where its default would come back; no empty entries of lists. */
export const keptValues = (form, values) => Object.fromEntries(
    visibleAmong(formFields(form), values).fields
        .map((field) => [field.id, keptValue(field, effectiveValue(field, values)), field.default])
        .filter(([, value, fallback]) => !isAbsent(value) || (value === '' && !isAbsent(fallback)))
        .map(([id, value]) => [id, value]));

const isAbsent = (value) => value === undefined || value === null || value === '';
const keptValue = (field, value) => (field.type === 'list' && Array.isArray(value) ? value.filter((one) => !isAbsent(one)) : value);

function checkFields(fields, values, prefix, outer) {
    const visible = visibleAmong(fields, values, outer);
    const known = new Set(fields.map((field) => field.id));
    return [
        ...visible.fields.flatMap((field) => checkField(field, effectiveValue(field, values), prefix + field.id, visible.valueOf)),
        ...Object.keys(values).filter((key) => !known.has(key))
            .map((key) => ({ field: prefix + key, rule: 'unknown', message: 'There is no such field.' })),
    ];
}

function checkField(field, value, path, outer) {
    if (isEmpty(value) && !isCheckedWhenEmpty(field, value)) {
        return field.required ? [{ field: path, rule: 'required', message: 'Fill this in.' }] : [];
    }
    const fault = typeFault(field, value);
    if (fault) return [{ field: path, rule: 'type', message: fault }];
    return [
        ...brokenRules(field, value).map((broken) => ({ field: path, ...broken })),
        ...checkInside(field, value, path, outer),
    ];
}

/** An empty text where a number is asked is a wrong type, not an absent number. */
const isCheckedWhenEmpty = ({ type }, value) =>
    (value === '' && ['number', 'integer', 'percentage', 'boolean', 'multiselect', 'list', 'object', 'file'].includes(type))
    || (Array.isArray(value) && !['multiselect', 'list'].includes(type));

function checkInside(field, value, path, outer) {
    if (field.type === 'list' && field.items) {
        return value.flatMap((one, index) => checkField(field.items, one, `${path}[${index}]`, outer));
    }
    if (field.type === 'object' && field.properties) return checkFields(field.properties, value, `${path}.`, outer);
    return [];
}
