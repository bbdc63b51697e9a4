import { get } from './api.js';
import { readStored, writeStored } from './storage.js';
import { createStore, useStore } from './store.js';
import { useEffect } from './preact.js';

const key = 'pao.item-names';
const stored = readStored(key, []);
const names = createStore(new Map(Array.isArray(stored) ? stored.filter(Array.isArray) : []));
// Whether rows can be drawn with names that stay.
const isKnown = createStore(names.get().size > 0);
let isAsked = false;

async function load() {
    try {
        const page = await get('/catalog?limit=200');
        const pairs = page.data.map(({ id, name }) => [id, name]);
        names.set(new Map(pairs));
        writeStored(key, pairs);
    } catch {
        isAsked = false;
    } finally {
        isKnown.set(true);
    }
}

/** The document a request or an instance was made with, whatever its kind. */
export const catalogIdOf = (one) => one.catalogItemId ?? one.catalogBundleId ?? one.updateItemId ?? one.upgradeItemId;

/**
 * `name(id)`: what people call an item, kept from the last visit so that titles do not change while they are read; else its id.
 * `name.isKnown`: rows drawn now keep their names.
 */
export function useItemNames() {
    useEffect(() => {
        if (isAsked) return;
        isAsked = true;
        load();
    }, []);
    const known = useStore(names);
    return Object.assign((id) => known.get(id) ?? id, { isKnown: useStore(isKnown) });
}
