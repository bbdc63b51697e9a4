import { get, path as pathOf, query } from '../lib/api.js';
import { navigation } from '../lib/navigation.js';
import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { navigate } from '../lib/router.js';
import { Dialog } from './dialog.js';
import { Icon } from './icon.js';

const pages = [
    ...navigation.map((page) => ({ ...page, hint: 'Page' })),
    { icon: 'requests', name: 'Failed requests', href: '/requests?status=failed', hint: 'Page' },
];

const ofKind = {
    'req-': (id) => ({ icon: 'requests', name: `Request ${id}`, href: pathOf`/requests/${id}`, hint: 'Open' }),
    'si-': (id) => ({ icon: 'instances', name: `Instance ${id}`, href: pathOf`/instances/${id}`, hint: 'Open' }),
};

const named = (text) => pages.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
const byId = (text) => Object.keys(ofKind)
    .filter((prefix) => text.startsWith(prefix) && text.length > prefix.length)
    .map((prefix) => ofKind[prefix](text));

const serviceEntry = ({ id, name, category }) => ({ icon: 'catalog', name, href: pathOf`/catalog/items/${id}`, hint: category });
const instanceEntry = ({ id, name }) => ({ icon: 'instances', name, href: pathOf`/instances/${id}`, hint: 'Instance' });
const rowsOf = (list, search, control) => get(list + query({ search, limit: 6 }), control).then(({ data }) => data, () => []);

/** Services and instances that the server finds for the text; none while it is not reachable. */
function useFound(text) {
    const [items, setItems] = useState([]);
    useEffect(() => {
        if (!text) return setItems([]);
        const control = new AbortController();
        const timer = setTimeout(async () => {
            const [services, instances] = await Promise.all(['/catalog', '/instances'].map((list) => rowsOf(list, text, control)));
            if (control.signal.aborted) return;
            setItems([...services.map(serviceEntry), ...instances.map(instanceEntry)]);
        }, 120);
        return () => {
            clearTimeout(timer);
            control.abort();
        };
    }, [text]);
    return items;
}

/** Ctrl K: pages, services and instances by name, requests and instances by id. */
export function Palette({ onClose }) {
    const [text, setText] = useState('');
    const [chosen, setChosen] = useState(0);
    const list = useRef();
    const wanted = text.trim();
    const entries = [...byId(wanted), ...useFound(wanted), ...named(wanted)];
    const current = Math.min(chosen, entries.length - 1);
    const open = (entry) => {
        if (!entry) return;
        onClose();
        navigate(entry.href);
    };
    const onKeyDown = (event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step && entries.length) {
            event.preventDefault();
            setChosen((current + step + entries.length) % entries.length);
        } else if (event.key === 'Enter') {
            event.preventDefault();
            open(entries[current]);
        }
    };
    useEffect(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }), [current]);
    return html`
        <${Dialog} title="Go to" kind="palette" onClose=${onClose}>
            <input type="text" role="combobox" aria-label="Go to a page, an item or an id" aria-expanded="true" aria-controls="palette-list"
                aria-activedescendant=${entries.length ? `palette-${current}` : undefined} aria-autocomplete="list" autocomplete="off"
                    spellcheck=${false}
                placeholder="Search the catalog, or paste an id" value=${text} onKeyDown=${onKeyDown}
                onInput=${(event) => { setText(event.currentTarget.value); setChosen(0); }} />
            <ul role="listbox" id="palette-list" aria-label="Results" ref=${list} hidden=${entries.length === 0}>
                ${entries.map((entry, index) => html`
                    <li key=${entry.href} id=${`palette-${index}`} role="option" aria-selected=${index === current ? 'true' : 'false'}
                        onClick=${() => open(entry)} onMouseMove=${() => setChosen(index)}>
                        <${Icon} name=${entry.icon} /><span>${entry.name}</span><span class="muted">${entry.hint}</span>
                    </li>`)}
            </ul>
            ${entries.length === 0 && html`<p class="palette-none">Nothing found for “${wanted}”.</p>`}
        <//>`;
}
