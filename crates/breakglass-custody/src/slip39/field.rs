//! Arithmetic in GF(256) with the polynomial of AES (x^8 + x^4 + x^3 + x + 1), and interpolation over it.
//!
//! No table is looked up and no branch is taken on a value, so that running time says nothing about a share.

use zeroize::Zeroizing;

/// Product of two elements.
pub(super) fn multiply(a: u8, b: u8) -> u8 {
    let (mut a, mut b, mut product) = (a, b, 0u8);
    for _ in 0..8 {
        product ^= a & (b & 1).wrapping_neg();
        let overflow = (a >> 7).wrapping_neg();
        a = (a << 1) ^ (overflow & 0x1b);
        b >>= 1;
    }
    product
}

/// Inverse of an element: its 254th power; 0 for 0.
fn invert(a: u8) -> u8 {
    let mut power = a;
    let mut inverse = 1u8;
    for _ in 0..7 {
        power = multiply(power, power);
        inverse = multiply(inverse, power);
    }
    inverse
}

/// Value at `x` of the polynomials that go through `points`, one polynomial for each byte of the values. The positions
/// must differ from each other; the values must be of one length (shorter ones count as ending in zeros).
pub(super) fn interpolate(points: &[(u8, &[u8])], x: u8) -> Zeroizing<Vec<u8>> {
    let length = points.iter().map(|(_, value)| value.len()).max().unwrap_or(0);
    let mut result = Zeroizing::new(vec![0u8; length]);
    for (at, value) in points {
        let mut weight = 1u8;
        for (other, _) in points.iter().filter(|(other, _)| other != at) {
            weight = multiply(weight, multiply(x ^ other, invert(at ^ other)));
        }
        for (sum, byte) in result.iter_mut().zip(value.iter()) {
            *sum ^= multiply(weight, *byte);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_element_but_zero_has_an_inverse() {
        for a in 1..=255u8 {
            assert_eq!(multiply(a, invert(a)), 1, "{a}");
        }
        assert_eq!(invert(0), 0);
        assert_eq!(multiply(0x53, 0xca), 1, "the worked pair of FIPS 197");
    }

    proptest! {
        #[test]
        fn multiplication_is_commutative_and_distributes(a: u8, b: u8, c: u8) {
            prop_assert_eq!(multiply(a, b), multiply(b, a));
            prop_assert_eq!(multiply(a, b ^ c), multiply(a, b) ^ multiply(a, c));
            prop_assert_eq!(multiply(a, multiply(b, c)), multiply(multiply(a, b), c));
        }

        #[test]
        fn a_polynomial_goes_through_its_points(values in prop::collection::vec(any::<[u8; 4]>(), 1..17)) {
            let points: Vec<(u8, &[u8])> = values.iter().enumerate().map(|(i, v)| (i as u8, &v[..])).collect();
            for (x, value) in &points {
                prop_assert_eq!(&interpolate(&points, *x)[..], *value);
            }
        }
    }
}
