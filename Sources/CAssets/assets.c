int pao_assets_count = 0;
