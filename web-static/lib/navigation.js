/** The pages of the rail, of the palette and of the keys (`g` and the letter); the rail shows those that one has a use for. */
export const navigation = [
    { name: 'Catalog', href: '/catalog', icon: 'catalog', key: 'c' },
    { name: 'Requests', href: '/requests', icon: 'requests', key: 'r' },
    { name: 'Approvals', href: '/approvals', icon: 'approvals', key: 'a' },
    { name: 'Tickets', href: '/tickets', icon: 'tickets', key: 't' },
    { name: 'Instances', href: '/instances', icon: 'instances', key: 'i' },
    { name: 'Insights', href: '/insights', icon: 'insights', key: 's' },
    { name: 'Workshop', href: '/workshop', icon: 'workshop', key: 'w', permission: 'catalog.publish' },
];
