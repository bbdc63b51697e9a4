import { useEvents, connection } from '../lib/events.js';
import { bind, shortcuts } from '../lib/keys.js';
import { navigation } from '../lib/navigation.js';
import { html, useEffect, useState } from '../lib/preact.js';
import { useResource } from '../lib/resource.js';
import { navigate } from '../lib/router.js';
import { may, server, session, signOut } from '../lib/session.js';
import { useStore } from '../lib/store.js';
import { nextTheme, theme } from '../lib/theme.js';
import { Dialog } from './dialog.js';
import { Icon } from './icon.js';
import { Bell } from './notifications.js';
import { Palette } from './palette.js';
import { say, Toasts } from './toast.js';

/** Everything around a page. */
export function Shell({ path, children }) {
    const [floating, setFloating] = useState();
    const close = () => setFloating(undefined);
    useEffect(() => {
        const unbind = [
            bind('Ctrl k', () => setFloating('palette')),
            bind('/', () => focusSearch() || setFloating('palette')),
            bind('?', () => setFloating('keys')),
            ...navigation.map(({ key, href }) => bind(`g ${key}`, () => navigate(href))),
        ];
        return () => unbind.forEach((one) => one());
    }, []);
    return html`
        <div class="shell">
            <a class="skip-link" href="#main">Skip to content</a>
            <${Rail} path=${path} />
            <${Top} onSearch=${() => setFloating('palette')} />
            <main id="main" tabindex="-1">${children}</main>
            ${floating === 'palette' && html`<${Palette} onClose=${close} />`}
            ${floating === 'keys' && html`<${Keys} onClose=${close} />`}
            <${Toasts} />
        </div>`;
}

/** The page's own search field, where it has one. */
function focusSearch() {
    const field = document.querySelector('main input[type="search"]');
    field?.focus();
    field?.select();
    return Boolean(field);
}

function Rail({ path }) {
    const open = useResource('/tickets?status=open&limit=100');
    const asked = useResource(may('requests.approve') ? '/approvals?limit=100' : undefined);
    useEvents(({ type }) => ['ticket', 'resync'].includes(type) && open.reload());
    useEvents(({ type }) => ['approval', 'resync'].includes(type) && asked.reload());
    const counts = { '/tickets': open.data?.data.length, '/approvals': asked.data?.data.length };
    return html`
        <nav class="rail" aria-label="Main">
            <a class="brand" href="/catalog" aria-label="PAO, catalog">
                <img src="/icon.svg" alt="" width="24" height="24" /><span>PAO</span>
            </a>
            ${navigation.filter(({ permission }) => !permission || may(permission)).map(({ name, href, icon, key }) => html`
                <a key=${href} class="rail-link" href=${href} title=${`${name} (g ${key})`}
                    aria-current=${path === href || path.startsWith(`${href}/`) ? 'page' : undefined}>
                    <${Icon} name=${icon} /><span class="label">${name}</span>
                    ${counts[href] > 0 && html`<span class="count">${counts[href] > 99 ? '99+' : counts[href]}
                        <span class="visually-hidden"> open</span></span>`}
                </a>`)}
            <${Version} />
        </nav>`;
}

const Version = () => html`<p class="rail-foot">${useStore(server).version && `Version ${server.get().version}`}</p>`;

function Top({ onSearch }) {
    const { sandbox, environmentName } = useStore(server);
    const isReconnecting = useStore(connection) === 'connecting';
    return html`
        <header class="top">
            <button type="button" class="search-button" onClick=${onSearch}><${Icon} name="search" /><span>Search or go to</span>
                <kbd>Ctrl K</kbd></button>
            <div class="top-end">
                ${isReconnecting && html`<span class="environment" role="status">Reconnecting</span>`}
                ${sandbox && html`<span class="environment sandbox"
                    title="Every outgoing call is answered by stand-ins inside this server.">Sandbox<span
                    class="label">: nothing leaves this machine</span></span>`}
                ${environmentName && html`<span class="environment">${environmentName}</span>`}
                <${Bell} /><${ThemeButton} /><${Who} />
            </div>
        </header>`;
}

function ThemeButton() {
    const current = useStore(theme);
    const icon = { system: 'system', light: 'sun', dark: 'moon' }[current];
    return html`<button type="button" class="icon-button" onClick=${nextTheme} title=${`Theme: ${current}`}
        aria-label=${`Theme: ${current}. Change`}><${Icon} name=${icon} /></button>`;
}

function Who() {
    const { user } = useStore(session);
    const leave = () => signOut().catch((problem) => say(problem.message));
    return html`
        <span class="who small muted" title=${user?.login}>${user?.name ?? user?.login}</span>
        <button type="button" class="icon-button" onClick=${leave} title="Sign out" aria-label="Sign out"><${Icon} name="exit" /></button>`;
}

const Keys = ({ onClose }) => html`
    <${Dialog} title="Keys" onClose=${onClose}>
        <dl class="keys">${shortcuts.map(([keys, meaning]) => html`
            <dt key=${`${keys}-keys`}>${keys.split(' ').map((key) => html`<kbd key=${key}>${key}</kbd>`)}</dt><dd key=${keys}>${meaning}
                </dd>`)}</dl>
    <//>`;
