import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { Icon } from './icon.js';

/** Tells what was typed when the person pauses for a moment; Escape empties it. */
export function SearchField({ label, value, onChange, pause = 120 }) {
    const [text, setText] = useState(value);
    const timer = useRef();
    useEffect(() => setText(value), [value]);
    useEffect(() => () => clearTimeout(timer.current), []);
    const change = (next) => {
        setText(next);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => onChange(next.trim()), pause);
    };
    return html`
        <div class="search-field">
            <${Icon} name="search" />
            <input type="search" class="input" aria-label=${label} placeholder=${label} autocomplete="off" spellcheck=${false} value=${text}
                onInput=${(event) => change(event.currentTarget.value)} onKeyDown=${(event) => event.key === 'Escape' && change('')} />
        </div>`;
}
