// Runs before the first paint, so that the chosen theme never flashes. A module would come too late.
try {
    const theme = localStorage.getItem('pao.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch { /* storage is blocked: the theme of the system */ }
