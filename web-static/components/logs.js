import { address, get, path, query } from '../lib/api.js';
import { useStream } from '../lib/events.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from '../lib/preact.js';
import { clockTime, exact } from '../lib/time.js';
import { ProblemNotice } from './problem.js';

const shownLines = 5000;
const tones = { error: 'tone-fail', warning: 'tone-warn', warn: 'tone-warn' };

/** Lines in the order of their ids, each once; the oldest go when there are too many to draw. */
const merged = (old, lines) => {
    const byId = new Map(old.map((line) => [line.id, line]));
    for (const line of lines) byId.set(line.id, line);
    return [...byId.values()].slice(-shownLines);
};

/** While the request moves, its stream, which begins at the first line; else every page. */
function useLogs(requestId, isFollowed) {
    const [lines, setLines] = useState([]);
    const [problem, setProblem] = useState();
    const [isRead, setRead] = useState(false);
    const read = async (control) => {
        let cursor;
        do {
            const page = await get(path`/requests/${requestId}/logs` + query({ limit: 200, cursor }), control);
            setLines((old) => merged(old, page.data));
            cursor = page.pagination?.next_cursor;
        } while (cursor);
        setRead(true);
    };
    useEffect(() => {
        if (isFollowed) return undefined;
        const control = new AbortController();
        read(control).catch((fault) => control.signal.aborted || setProblem(fault));
        return () => control.abort();
    }, [requestId, isFollowed]);
    const stream = isFollowed ? address(path`/requests/${requestId}/logs?follow=true`) : undefined;
    useStream(stream, (event) => event.type === 'log' && setLines((old) => merged(old, [event])));
    return { lines, problem, isRead };
}

const countWords = (count) => (count >= shownLines ? `The last ${shownLines} lines` : `${count} ${count === 1 ? 'line' : 'lines'}`);

export function Logs({ requestId, isMoving }) {
    const { lines, problem, isRead } = useLogs(requestId, isMoving);
    const [isPinned, setPinned] = useState(true);
    const frame = useRef();
    useLayoutEffect(() => {
        if (isPinned && frame.current) frame.current.scrollTop = frame.current.scrollHeight;
    }, [lines, isPinned]);
    const onScroll = ({ currentTarget: box }) => setPinned(box.scrollHeight - box.scrollTop - box.clientHeight < 24);
    const toEnd = () => setPinned(true);
    return html`
        <div class="logs-bar small">
            <span class="muted">${countWords(lines.length)}</span>
            ${isMoving && isPinned && html`<span class="muted">Following</span>`}
            ${!isPinned && html`
                <button type="button" class="link-button" onClick=${toEnd}>${isMoving ? 'Follow the end' : 'Go to the end'}</button>`}
        </div>
        <${ProblemNotice} problem=${problem} />
        <div class="logs" ref=${frame} onScroll=${onScroll} tabindex="0" role="log" aria-label="Logs" aria-live="off">
            ${lines.map((line) => html`
                <div class="log" key=${line.id}>
                    <span title=${exact(line.at)}>${clockTime(line.at)}</span><span title=${line.actionId}>${line.actionId}</span>
                        <span class=${tones[line.level]}>${line.message}</span>
                </div>`)}
            ${(isRead || isMoving) && lines.length === 0 && html`<div class="log"><span></span><span></span>
                <span>Nothing has been written yet.</span></div>`}
        </div>`;
}
