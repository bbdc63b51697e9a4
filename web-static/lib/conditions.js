// Which fields of a form are asked, given what was entered so far.
// A field whose condition does not hold is neither required nor kept, and for the conditions of others it has no value.

/** Nothing entered: for a text an empty one, for lists an empty list. `false` and `0` are values. */
export const isEmpty = (value) =>
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

export const formFields = (form) => (form.groups ?? []).flatMap((group) => group.fields ?? []);

/** What counts for a field: what was entered, else its default. */
export const effectiveValue = (field, values) => values?.[field.id] ?? field.default;

/** JSON equality: numbers by value, never across types. */
export function isEqual(a, b) {
    if (a === b) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || !a || !b || Array.isArray(a) !== Array.isArray(b)) return false;
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]));
}

/** Numbers with numbers, texts with texts (so that ISO dates compare); anything else is not comparable. */
const isAbove = (a, b) => typeof a === typeof b && ['number', 'string'].includes(typeof a) && a > b;

const operators = {
    equals: (value, wanted) => isEqual(value, wanted),
    notEquals: (value, wanted) => !isEqual(value, wanted),
    in: (value, wanted) => Array.isArray(wanted) && wanted.some((one) => isEqual(value, one)),
    notIn: (value, wanted) => !operators.in(value, wanted),
    contains: (value, wanted) => Array.isArray(value)
        ? value.some((one) => isEqual(one, wanted))
        : typeof value === 'string' && typeof wanted === 'string' && value.includes(wanted),
    greaterThan: (value, wanted) => isAbove(value, wanted),
    lessThan: (value, wanted) => isAbove(wanted, value),
    exists: (value, wanted) => isEmpty(value) === (wanted === false),
    matches: (value, wanted) => typeof value === 'string' && (compilePattern(wanted)?.test(value) ?? false),
};

/** ECMA-262 with Unicode, else without; undefined where the browser cannot read it (the server then decides alone). */
export function compilePattern(pattern) {
    for (const flags of ['u', '']) {
        try {
            return new RegExp(pattern, flags);
        } catch { /* the next spelling, or none */ }
    }
    return undefined;
}

/** `valueOf(id)` gives the value of a visible field, else undefined. An unknown operator hides nothing. */
function holds(condition, valueOf) {
    if (!condition) return true;
    if (condition.all) return condition.all.every((one) => holds(one, valueOf));
    if (condition.any) return condition.any.some((one) => holds(one, valueOf));
    const operator = operators[condition.condition ?? 'equals'];
    return operator ? operator(valueOf(condition.dependsOn), condition.value) : true;
}

/**
 * The visible ones of `fields`, in order. `outer(id)` answers for ids that are not among them (the form around an object).
 * Fields that depend on each other in a circle see each other as visible.
 */
export function visibleAmong(fields, values, outer = () => undefined) {
    const byId = new Map(fields.map((field) => [field.id, field]));
    const known = new Map();
    const isVisible = (field) => {
        if (!known.has(field.id)) {
            known.set(field.id, true);
            known.set(field.id, holds(field.conditional, valueOf));
        }
        return known.get(field.id);
    };
    const valueOf = (id) => {
        const field = byId.get(id);
        if (!field) return outer(id);
        return isVisible(field) ? effectiveValue(field, values) : undefined;
    };
    return { fields: fields.filter(isVisible), valueOf };
}

/** Ids of the fields whose condition holds, in the order of the form; `hidden: true` fields are among them (kept, not drawn). */
export const visibleFields = (form, values) => visibleAmong(formFields(form), values).fields.map((field) => field.id);
