extern int pao_assets_count;
