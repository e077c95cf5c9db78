//! Ranges of addresses, IPv4 and IPv6 apart.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses of one family, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpRange {
    first: IpAddr,
    last: IpAddr,
}

impl IpRange {
    /// A range from its ends; `None` when they are of different families or in the wrong order.
    #[must_use]
    pub fn new(first: IpAddr, last: IpAddr) -> Option<Self> {
        (first.is_ipv4() == last.is_ipv4() && first <= last).then_some(Self { first, last })
    }

    /// Reads `192.0.2.0/24`, `2001:db8::/32`, or a single address. Bits below the mask do not matter.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.trim().parse().ok()?;
        let width: u32 = if address.is_ipv4() { 32 } else { 128 };
        let bits: u32 = bits.map_or(Some(width), |b| b.trim().parse().ok()).filter(|b| *b <= width)?;
        let rest = width - bits;
        match address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(rest).unwrap_or(0);
                let first = v4.to_bits() & mask;
                Self::new(Ipv4Addr::from_bits(first).into(), Ipv4Addr::from_bits(first | !mask).into())
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(rest).unwrap_or(0);
                let first = v6.to_bits() & mask;
                Self::new(Ipv6Addr::from_bits(first).into(), Ipv6Addr::from_bits(first | !mask).into())
            }
        }
    }

    /// The lowest address.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// The highest address.
    #[must_use]
    pub fn last(&self) -> IpAddr {
        self.last
    }

    /// Whether an address is in it. An IPv4 address written as IPv6 is that IPv4 address.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        ip.is_ipv4() == self.first.is_ipv4() && self.first <= ip && ip <= self.last
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn ranges() {
        for (range, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.77/24", "192.0.2.0", "2001:db8::1"),
            ("0.0.0.0/0", "255.255.255.255", "::"),
            ("2001:db8::/32", "2001:db8:ffff::", "2001:db9::"),
            ("::/0", "::1", "192.0.2.1"),
            ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
        ] {
            let read = IpRange::read(range).unwrap();
            assert!(read.contains(ip(inside)) && !read.contains(ip(outside)), "{range}");
        }
        for bad in ["", "x", "192.0.2.0/33", "192.0.2/24", "2001:db8::/129", "192.0.2.0/-1", "192.0.2.0/"] {
            assert_eq!(IpRange::read(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn halves_cover_the_whole(bits: u32, address: u32) {
            let (base, ip) = (Ipv4Addr::from_bits(bits), IpAddr::V4(Ipv4Addr::from_bits(address)));
            let whole = IpRange::read(&format!("{base}/24")).unwrap();
            let low = IpRange::read(&format!("{}/25", Ipv4Addr::from_bits(bits & !0xff))).unwrap();
            let high = IpRange::read(&format!("{}/25", Ipv4Addr::from_bits((bits & !0xff) | 0x80))).unwrap();
            prop_assert_eq!(whole.contains(ip), low.contains(ip) || high.contains(ip));
        }
    }
}
