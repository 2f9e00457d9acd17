"""Lists of instruments as the brokers publish them, a few rows of each."""
# ruff: noqa: E501 - brokers write long lines

from __future__ import annotations

import gzip
from pathlib import Path

ZERODHA = """\
instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange
738561,2885,RELIANCE,RELIANCE INDUSTRIES,0.0,,0.0,0.1,1,EQ,NSE,NSE
128083204,500325,RELIANCE,RELIANCE INDUSTRIES,0.0,,0.0,0.05,1,EQ,BSE,BSE
519937,2031,M&M,MAHINDRA & MAHINDRA,0.0,,0.0,0.1,1,EQ,NSE,NSE
884737,3456,TATAMOTORS,TATA MOTORS,0.0,,0.0,0.05,1,EQ,NSE,NSE
256265,1001,NIFTY 50,NIFTY 50,0.0,,0.0,0.0,0,EQ,INDICES,NSE
13000194,50782,NIFTY26NOVFUT,NIFTY,0.0,2026-11-26,0.0,0.1,75,FUT,NFO-FUT,NFO
13000450,50783,NIFTY26N2624000CE,NIFTY,0.0,2026-11-26,24000.0,0.05,75,CE,NFO-OPT,NFO
13000706,50784,NIFTY26N2624000PE,NIFTY,0.0,2026-11-26,24000.0,0.05,75,PE,NFO-OPT,NFO
412675,1612,USDINR26NOVFUT,USDINR,0.0,2026-11-26,0.0,0.0025,1,FUT,CDS-FUT,CDS
1,1,BROKEN,BROKEN,0.0,,0.0,nan,1,EQ,NSE,NSE
2,2,NIFTY26N2624050CE,NIFTY,0.0,26 Nov,24050.0,0.05,75,CE,NFO-OPT,NFO
3,3,GIFTNIFTY,GIFT NIFTY,0.0,,0.0,0.5,1,EQ,INDICES,GLOBAL
4,2885,RELIANCE,RELIANCE INDUSTRIES,0.0,,0.0,0.1,1,EQ,NSE,NSE
"""

UPSTOX = """[
{"segment":"NSE_EQ","name":"RELIANCE INDUSTRIES LTD","exchange":"NSE","isin":"INE002A01018",
 "instrument_type":"EQ","instrument_key":"NSE_EQ|INE002A01018","lot_size":1,
 "freeze_quantity":100000.0,"exchange_token":"2885","tick_size":10.0,
 "trading_symbol":"RELIANCE","short_name":"Reliance","security_type":"NORMAL"},
{"segment":"NSE_EQ","name":"SMALL CO","exchange":"NSE","isin":"INE999A01010",
 "instrument_type":"BE","instrument_key":"NSE_EQ|INE999A01010","lot_size":1,
 "exchange_token":"77","tick_size":1.0,"trading_symbol":"SMALLCO"},
{"segment":"NSE_INDEX","name":"Nifty 50","exchange":"NSE","instrument_type":"INDEX",
 "instrument_key":"NSE_INDEX|Nifty 50","exchange_token":"26000","trading_symbol":"NIFTY"},
{"weekly":true,"segment":"NSE_FO","name":"NIFTY","exchange":"NSE","expiry":1795717799000,
 "instrument_type":"CE","asset_symbol":"NIFTY","underlying_symbol":"NIFTY",
 "instrument_key":"NSE_FO|50783","lot_size":75,"freeze_quantity":1800.0,
 "exchange_token":"50783","minimum_lot":75,"tick_size":5.0,"asset_type":"INDEX",
 "underlying_type":"INDEX","trading_symbol":"NIFTY 24000 CE 26 NOV 26","strike_price":24000.0,
 "qty_multiplier":1.0},
{"segment":"NSE_EQ","name":7}
]"""

GROWW = """\
exchange,exchange_token,trading_symbol,groww_symbol,name,instrument_type,segment,series,isin,underlying_symbol,underlying_exchange_token,expiry_date,strike_price,lot_size,tick_size,freeze_quantity,is_reserved,buy_allowed,sell_allowed,internal_trading_symbol,is_intraday
NSE,2885,RELIANCE,NSE-RELIANCE,Reliance Industries,EQ,CASH,EQ,INE002A01018,,,,,1,0.1,,0,1,1,RELIANCE,1
NSE,66825,360ONE26AUG1080PE,NSE-360ONE-25Aug26-1080-PE,,PE,FNO,,,360ONE,13061,2026-08-25,1080,500,0.05,20001,0,1,1,360ONE26AUG1080PE,0
NSE,50783,NIFTY26N2624000CE,NSE-NIFTY-26Nov26-24000-CE,,CE,FNO,,,NIFTY,26000,2026-11-26,24000,75,0.05,1800,0,1,1,NIFTY26N2624000CE,0
NSE,50784,NIFTY26N2624000PE,NSE-NIFTY-26Nov26-24000-PE,,PE,FNO,,,NIFTY,26000,2026-11-26,24000,75,0.05,1800,0,0,0,NIFTY26N2624000PE,0
NSE,1,OLD,NSE-OLD,Old,EQ,MUTUAL,EQ,,,,,,1,0.1,,0,1,1,OLD,1
"""

KRAKEN = """{"error":[],"result":{
"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","aclass_base":"currency","base":"XXBT",
 "aclass_quote":"currency","quote":"ZUSD","lot":"unit","cost_decimals":5,"pair_decimals":1,
 "lot_decimals":8,"lot_multiplier":1,"leverage_buy":[2,3],"leverage_sell":[2,3],
 "fees":[[0,0.4]],"fees_maker":[[0,0.25]],"fee_volume_currency":"ZUSD","margin_call":80,
 "margin_stop":40,"ordermin":"0.00005","costmin":"0.5","tick_size":"0.1","status":"online"},
"XETHZEUR":{"altname":"ETHEUR","wsname":"ETH/EUR","base":"XETH","quote":"ZEUR",
 "cost_decimals":5,"pair_decimals":2,"lot_decimals":8,"ordermin":"0.002","costmin":"0.45",
 "tick_size":"0.01","status":"cancel_only"},
"HALF":{"altname":"HALF"}
}}"""


def written(folder: Path, broker: str, change: tuple[str, str] = ("", "")) -> Path:
    """The list as a file of its own kind: Upstox packs its."""
    text = {"zerodha": ZERODHA, "upstox": UPSTOX, "groww": GROWW, "kraken": KRAKEN}[broker]
    text = text.replace(*change) if change[0] else text
    path = folder / f"{broker}.{'csv' if broker in ('zerodha', 'groww') else 'json'}"
    path.write_bytes(gzip.compress(text.encode()) if broker == "upstox" else text.encode())
    return path
