import { useEffect, useState } from './preact.js';

/** A value that several parts of the page watch. */
export function createStore(value) {
    const watchers = new Set();
    return {
        get: () => value,
        set(next) {
            if (Object.is(next, value)) return;
            value = next;
            for (const watcher of [...watchers]) watcher(value);
        },
        subscribe(watcher) {
            watchers.add(watcher);
            return () => watchers.delete(watcher);
        },
    };
}

export function useStore(store) {
    const [value, setValue] = useState(store.get());
    useEffect(() => {
        setValue(store.get());
        return store.subscribe(setValue);
    }, [store]);
    return value;
}
