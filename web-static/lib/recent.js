import { readStored, writeStored } from './storage.js';

const kept = 4;
const keyOf = (user) => `pao.recent.${user}`;

/** Ids of the items this person asked for last, the latest first. */
export const recentItems = (user) => {
    const ids = readStored(keyOf(user), []);
    return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
};

export const rememberItem = (user, id) =>
    writeStored(keyOf(user), [id, ...recentItems(user).filter((one) => one !== id)].slice(0, kept));
