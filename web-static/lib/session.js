import { get, onSignedOut, post } from './api.js';
import { createStore } from './store.js';

/** `{state: 'loading' | 'signed-in' | 'signed-out', user}`; user as in /auth/session. */
export const session = createStore({ state: 'loading' });

/** `{version, sandbox, environmentName}` of the server. */
export const server = createStore({});

const signedOut = () => session.set({ state: 'signed-out' });
onSignedOut(signedOut);

const signedIn = ({ user }) => session.set({ state: 'signed-in', user });

export async function loadSession() {
    get('/version').then((version) => server.set(version), () => {});
    try {
        signedIn(await get('/auth/session'));
    } catch {
        signedOut();
    }
}

export const signIn = async (user, password) => signedIn(await post('/auth/login', { user, password }));

export async function signOut() {
    await post('/auth/logout');
    signedOut();
}

/** Hides what would be refused; the server decides. A session without a list of permissions hides nothing. */
export const may = (permission) => session.get().user?.permissions?.includes(permission) ?? true;
