// Reading from the API inside a component. What was read stays on the page while it is read again: nothing flickers.

import { get } from './api.js';
import { useCallback, useEffect, useRef, useState } from './preact.js';

const settleDelay = 150;

/**
 * `{data, problem, isLoading, reload}` of a GET. A changed `target` keeps the old data until the new is there when
 * `keep` is set (filters), else clears it. `reload()` may be called as often as events come: calls within 150 ms are one.
 */
export function useResource(target, { keep = false } = {}) {
    const [state, setState] = useState({ isLoading: true });
    const latest = useRef();
    const timer = useRef();

    const read = useCallback(async () => {
        const turn = latest.current = { target };
        try {
            const data = await get(target);
            if (latest.current === turn) setState({ data, target, isLoading: false });
        } catch (problem) {
            if (latest.current === turn) setState((old) => ({ ...old, target, problem, isLoading: false }));
        }
    }, [target]);

    const reload = useCallback(() => {
        clearTimeout(timer.current);
        timer.current = setTimeout(read, settleDelay);
    }, [read]);

    useEffect(() => {
        if (!target) return undefined;
        setState((old) => (keep ? { ...old, isLoading: true } : { isLoading: true }));
        read();
        return () => {
            latest.current = undefined;
            clearTimeout(timer.current);
        };
    }, [target]);

    return { ...state, reload };
}

/** As useResource for a list with a cursor: `data` are the rows of all pages read so far, `answer` the first page whole, `more` reads the next, if any. */
export function useList(target) {
    const first = useResource(target, { keep: true });
    const [pages, setLater] = useState({ target, rows: [] });
    const [isMoreLoading, setMoreLoading] = useState(false);
    const later = pages.target === target ? pages : { target, rows: [] };

    const cursor = later.cursor ?? first.data?.pagination?.next_cursor;
    const more = async () => {
        setMoreLoading(true);
        try {
            const page = await get(`${target}${target.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`);
            setLater({ target, rows: [...later.rows, ...page.data], cursor: page.pagination?.next_cursor ?? '' });
        } finally {
            setMoreLoading(false);
        }
    };
    return {
        ...first,
        data: first.data && withoutRepeats([...first.data.data, ...later.rows]),
        pagination: first.data?.pagination,
        answer: first.data,
        more: cursor ? more : undefined,
        isMoreLoading,
    };
}

/** Rows move between pages while they are read; the first one read is the present one. */
function withoutRepeats(rows) {
    const seen = new Set();
    return rows.filter((row) => {
        const id = row.id ?? row.key;
        return !seen.has(id) && seen.add(id);
    });
}

/** Runs a call from a button: `{run, isBusy, problem, clear}`; a second press while it runs does nothing. */
export function useAction(perform) {
    const [state, setState] = useState({});
    const busy = useRef(false);
    const run = async (...parameters) => {
        if (busy.current) return undefined;
        busy.current = true;
        setState({ isBusy: true });
        try {
            const answer = await perform(...parameters);
            setState({});
            return answer;
        } catch (problem) {
            setState({ problem });
            return undefined;
        } finally {
            busy.current = false;
        }
    };
    return { ...state, run, clear: () => setState({}) };
}
