import { get } from './api.js';
import { createStore, useStore } from './store.js';
import { useEffect } from './preact.js';

const names = createStore(new Map());
let isAsked = false;

async function load() {
    try {
        const page = await get('/catalog?limit=200');
        names.set(new Map(page.data.map(({ id, name }) => [id, name])));
    } catch {
        isAsked = false;
    }
}

/** The document a request or an instance was made with, whatever its kind. */
export const catalogIdOf = (one) => one.catalogItemId ?? one.catalogBundleId ?? one.updateItemId ?? one.upgradeItemId;

/** `name(id)`: what people call an item; its id while that is not known. */
export function useItemNames() {
    useEffect(() => {
        if (isAsked) return;
        isAsked = true;
        load();
    }, []);
    const known = useStore(names);
    return (id) => known.get(id) ?? id;
}
