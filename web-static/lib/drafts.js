// What was typed survives a reload, a crash of the browser and an expired session. Passwords and files are never kept.

import { formFields } from './conditions.js';
import { readStored, writeStored } from './storage.js';

const keyOf = (user, itemId) => `pao.draft.${user}.${itemId}`;

/** `{at, values}` or undefined. */
export const readDraft = (user, itemId) => readStored(keyOf(user, itemId), undefined);

export const writeDraft = (user, itemId, form, values) =>
    writeStored(keyOf(user, itemId), { at: new Date().toISOString(), values: withoutSecrets(formFields(form), values) });

export const dropDraft = (user, itemId) => writeStored(keyOf(user, itemId), undefined);

function withoutSecrets(fields, values) {
    const kept = {};
    for (const field of fields) {
        const value = values?.[field.id];
        if (value === undefined || isSecret(field)) continue;
        kept[field.id] = keptOf(field, value);
    }
    return kept;
}

const isSecret = (field) => field?.type === 'password' || field?.type === 'file' || field?.sensitive === true;

function keptOf(field, value) {
    if (field.type === 'list' && Array.isArray(value)) {
        return isSecret(field.items) ? [] : value.map((one) => (field.items ? keptOf(field.items, one) : one));
    }
    const isGroup = field.type === 'object' && field.properties && value && typeof value === 'object';
    return isGroup ? withoutSecrets(field.properties, value) : value;
}
